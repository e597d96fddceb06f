"""A browser as people know it, from what it calls itself: "Chrome, Windows". Only for reading; nothing is decided by it."""

_BROWSERS = {  # the last two are what most others call themselves as well
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def browser_name(told: str) -> str:
    """Return browser and system of a User-Agent; the first 40 characters of one that is neither; empty for none."""
    found = [next((name for sign, name in signs.items() if sign in told), "") for signs in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or told[:40]
