"""Numbers as people read them: 10.380 and 53,25 % in Indonesian, 10,380 and 53.25% in English."""


def grouped(number: float, language: str) -> str:
    """Return a whole number with its thousands apart."""
    told = f"{number:,.0f}"
    return told.replace(",", ".") if language == "id" else told


def percent(number: float, language: str) -> str:
    """Return a percentage; never 100 for less than all, so that nobody is told to be done who is not."""
    shown = min(number, 99.9) if number < 100 else number
    told = f"{shown:.1f}".removesuffix(".0")
    return f"{told.replace('.', ',')} %" if language == "id" else f"{told}%"


def exact(number: float, language: str) -> str:
    """Return a percentage to two places, as recaps print it."""
    told = f"{number:.2f}"
    return told.replace(".", ",") if language == "id" else told
