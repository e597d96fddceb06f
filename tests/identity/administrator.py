"""An administrator's browser without a page: a passkey in software, the account cookie, the CSRF token."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from app.core.permission import Role
from app.device.authenticator import SoftAuthenticator
from app.device.signer import API
from app.signing.act import unb64
from tests.service import ORIGIN, Service

ADDRESSES = iter(f"pengelola{number}@kota.example" for number in range(1, 10_000))


@dataclass
class Administrator:
    """One browser of one account."""

    service: Service
    passkey: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(ORIGIN, "localhost", counter=0))
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    account: str = ""

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"x-csrf-token": self.csrf, "user-agent": "Mozilla/5.0 (X11; Linux) Chrome/140"} | more.pop(
            "headers", {}
        )
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            more["json"] = body
        reply = await self.service.http.request(method, f"{API}{path}", headers=headers, **more)
        self.service.http.cookies.clear()
        self.cookies.update(reply.cookies)
        return reply

    async def told(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        reply = await self.ask(method, path, body, **more)
        assert reply.is_success, (path, reply.text)
        return reply.json() if reply.content else None

    async def code(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str | None]:
        """The status, and the code of a refusal."""
        reply = await self.ask(method, path, body, **more)
        return reply.status_code, None if reply.is_success else reply.json()["code"]

    async def take_up(self, code: str) -> None:
        options = await self.told("POST", "/invitation/passkey-options", {"code": code})
        taken = {"code": code, "credential": self.passkey.create(options)}
        self.csrf = (await self.told("POST", "/invitation", taken))["csrf"]

    async def challenge(self) -> bytes:
        return unb64((await self.told("POST", "/sessions/passkey-options", {}))["challenge"])

    async def sign_in(self) -> None:
        self.csrf = (await self.told("POST", "/sessions", self.passkey.get(await self.challenge())))["csrf"]

    async def confirm(self) -> None:
        options = await self.told("POST", "/sessions/confirm-options", {})
        answer = self.passkey.get(unb64(options["challenge"]))
        self.csrf = (await self.told("POST", "/sessions/confirm", answer))["csrf"]

    def another_browser(self) -> "Administrator":
        """Another browser that has the same passkey."""
        return Administrator(self.service, self.passkey, account=self.account)


async def invite(service: Service, role: Role = Role.BKPSDM_ADMIN, **more: Any) -> dict[str, Any]:
    body = {"name": "Rina Pengelola", "email": next(ADDRESSES), "role": role.value} | more
    by = await service.token(Role.BKPSDM_ADMIN)
    reply = await service.http.post(f"{API}/accounts", json=body, headers=by)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def administrator(service: Service, role: Role = Role.BKPSDM_ADMIN, **more: Any) -> Administrator:
    """An account whose invitation was taken up just now."""
    invited = await invite(service, role, **more)
    made = Administrator(service, account=invited["account"]["id"])
    await made.take_up(invited["code"])
    return made


async def events(city: Service, account: str) -> list[str]:
    """The kinds of what was written about an account, oldest first."""
    asked = await city.http.get(
        f"{API}/access-events", params={"limit": 1000}, headers=await city.token(Role.BKPSDM_ADMIN)
    )
    return [one["kind"] for one in reversed(asked.json()) if one["data"].get("account") == account]
