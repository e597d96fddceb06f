"""One suite over every provider: what `app.signing.providers.base` promises."""

import traceback

import pytest
from pydantic import SecretStr

from app.core.errors import AppError
from app.core.texts import catalogue
from app.signing.errors import SignaturesIncomplete
from app.signing.providers.base import Cms, Given, ScannedPage, SignedFile, Takes
from app.signing.providers.errors import PassphraseWrong, SecretMissing, SignerNotRegistered
from app.signing.providers.finishing import Unfit, finish
from app.signing.providers.registry import MAKERS
from app.simulator.people import PASSPHRASE
from tests.signing.providers.cases import CASES, NOW, SIGNER, STRANGER, WRONG, Case

GIVES = {Takes.DIGEST: Cms, Takes.FILE: SignedFile, Takes.SCAN: ScannedPage}


def test_the_suite_runs_over_every_provider_of_the_registry() -> None:
    assert list(CASES) == list(MAKERS)


def test_a_provider_says_what_it_is(case: Case, request: pytest.FixtureRequest) -> None:
    traits = case.provider.traits
    assert traits.name == request.node.callspec.params["case"]
    assert (traits.foot == "bsre") is (traits.assurance == "certified")
    assert (traits.takes is Takes.SCAN) is (traits.assurance == "wet_scan") is (traits.foot == "paper")
    assert traits.most >= 1


async def test_every_sheet_comes_back_signed_in_order_and_holds(case: Case) -> None:
    traits = case.provider.traits
    made = case.sheets(min(traits.most, 3))
    sheets = tuple(sheet for sheet, _ in made)
    results = await case.provider.sign(SIGNER, sheets, case.given(sheets), at=NOW)
    assert [type(one) for one in results] == [GIVES[traits.takes]] * len(sheets)
    for result, (sheet, hole) in zip(results, made, strict=True):
        finished = finish(result, sheet, hole, case.roots, now=NOW)
        if traits.takes is Takes.SCAN:
            assert finished.facts is None
            assert finished.data.startswith(b"%PDF-")
        else:
            assert finished.facts is not None
            assert finished.facts.signed_at == NOW
            outside = finished.data[: hole[0]] + finished.data[hole[1] :] if hole else finished.data[: len(sheet.data)]
            assert outside == (sheet.data[: hole[0]] + sheet.data[hole[1] :] if hole else sheet.data)


async def test_what_was_made_for_one_document_holds_for_no_other(case: Case) -> None:
    if case.provider.traits.takes is Takes.SCAN:
        return
    (sheet, _), (other, hole) = case.sheets(2)
    (made,) = await case.provider.sign(SIGNER, (sheet,), case.given((sheet,)), at=NOW)
    with pytest.raises(Unfit):
        finish(made, other, hole, case.roots, now=NOW)


async def test_nothing_holds_under_a_root_nobody_named(case: Case, world) -> None:
    if case.provider.traits.takes is Takes.SCAN:
        return
    ((sheet, hole),) = case.sheets(1)
    (made,) = await case.provider.sign(SIGNER, (sheet,), case.given((sheet,)), at=NOW)
    strange = world.authority.issuing  # a CA, but none that stands behind both signer and stamp
    with pytest.raises(Unfit) as refused:
        finish(made, sheet, hole, () if case.roots == (world.authority.root,) else (strange,), now=NOW)
    assert refused.value.reason in {"chain", "timestamp"}


async def test_a_wrong_secret_is_told_and_signs_nothing(case: Case) -> None:
    if case.wrong is None:
        return
    ((sheet, _),) = case.sheets(1)
    signed = case.faults.signed
    with pytest.raises(PassphraseWrong):
        await case.provider.sign(SIGNER, (sheet,), case.wrong, at=NOW)
    assert case.faults.signed == signed


async def test_what_is_asked_for_and_not_given_is_missed_before_anything_is_sent(case: Case) -> None:
    traits = case.provider.traits
    if not (traits.secrets or traits.own_ceremony):
        return
    ((sheet, _),) = case.sheets(1)
    with pytest.raises((SecretMissing, SignaturesIncomplete)):
        await case.provider.sign(SIGNER, (sheet,), Given(), at=NOW)


async def test_a_stranger_is_refused(case: Case) -> None:
    if not case.knows_people:
        return
    ((sheet, _),) = case.sheets(1)
    signed = case.faults.signed
    with pytest.raises(SignerNotRegistered):
        await case.provider.sign(STRANGER, (sheet,), case.given((sheet,)), at=NOW)
    assert case.faults.signed == signed


async def test_looking_again_signs_nothing_and_invents_nothing(case: Case) -> None:
    signed = case.faults.signed
    assert await case.provider.look_again(SIGNER, "") is None
    assert case.faults.signed == signed


async def test_no_secret_is_in_anything_that_is_raised_or_shown(case: Case) -> None:
    ((sheet, _),) = case.sheets(1)
    secret = Given(passphrase=SecretStr(WRONG), totp=None)
    assert SIGNER.nik is not None
    shown = [repr(case.provider), repr(vars(case.provider)), repr(secret), repr(SIGNER), repr(case.given((sheet,)))]
    for fault in ("none", "html", "cut_after", "bare_error"):
        case.faults.waiting[:] = [fault]
        for given in (secret, case.given((sheet,))):
            try:
                shown += map(repr, await case.provider.sign(SIGNER, (sheet,), given, at=NOW))
            except AppError as error:
                shown += [repr(error), str(error.params), *traceback.format_exception(error)]
    case.faults.waiting.clear()
    for one in shown:
        assert WRONG not in one
        assert PASSPHRASE not in one
        assert SIGNER.nik.get_secret_value() not in one


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_refusal_has_its_sentence(language: str) -> None:
    known = catalogue(language)
    missing = [e.code for e in _refusals(AppError) if e.code.startswith(("provider.", "scan.")) and e.code not in known]
    assert missing == []


def _refusals(kind: type[AppError]) -> list[type[AppError]]:
    return [kind, *(found for one in kind.__subclasses__() for found in _refusals(one))]
