"""What rounds and templates take and give over the API."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

TEMPLATE_CODE = r"^[a-z][a-z0-9_]{2,39}$"
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it is printed, and PostgreSQL's text holds no zero byte


Employment = Literal["pns", "cpns", "pppk", "pppk_pw", "non_asn"]
Meaning = Literal["required", "deferred", "exempt", "optional", "left"]
LateJoiners = Literal["automatic", "admin", "none"]
ASN: tuple[Employment, ...] = ("pns", "cpns", "pppk", "pppk_pw")


class Population(BaseModel):
    """Who takes part in a round. What is left empty narrows nothing."""

    model_config = ConfigDict(extra="forbid")

    employments: list[Employment] = Field(
        default=[],
        max_length=5,
        description="Kinds of employment; left empty at creation: PNS, CPNS, PPPK and PPPK paruh waktu, and non-ASN "
        "only where the texts speak of them (`audience`).",
    )
    agencies: list[UUID] = Field(default=[], max_length=1000, description="These agencies (OPD) only.")
    position_kinds: list[Literal["1", "2", "4"]] = Field(
        default=[], max_length=3, description="1 structural, 2 functional, 4 general (pelaksana)."
    )
    echelons: list[Annotated[str, Field(pattern="^[0-9]{2}$")]] = Field(
        default=[], max_length=20, description="Echelons, such as 21, 22, 31, 32; 99 for none."
    )
    legal_status: dict[Annotated[str, Field(pattern="^[0-9A-Z]{2,10}$")], Meaning] = Field(
        default={},
        max_length=100,
        description="What a kedudukan hukum code means in this round, where it is not what is usual. `optional` people "
        "count as exempt, and are asked once their exemption is withdrawn. Unknown codes are required, and reported.",
    )


class RoundCreate(BaseModel):
    """A new round, as a draft."""

    title: str = Field(min_length=3, max_length=200, pattern=_ONE_LINE)
    election: str = Field(
        min_length=3, max_length=120, pattern=_ONE_LINE, examples=["Pemilihan Kepala Daerah Serentak"]
    )
    year: int = Field(ge=2000, le=2100)
    cut_off: date
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    pledges: list[Annotated[str, Field(pattern=TEMPLATE_CODE)]] = Field(
        default=["pakta_integritas", "ikrar_netralitas"], min_length=1, max_length=4
    )
    template_version_ids: list[UUID] = Field(
        default=[], max_length=4, description="Versions to use instead of the newest ones of their templates."
    )
    countersign: bool = False
    paper: Literal["F4", "A4"] = "F4"
    audience: Literal["asn", "asn_non_asn"] = Field(
        default="asn", description="Whether the texts speak of “Pegawai ASN” or of “Pegawai ASN dan Non ASN”."
    )
    population: Population = Population()
    late_joiners: LateJoiners = Field(
        default="admin",
        description="People who appear on the roster after the opening: they join by themselves, when an administrator "
        "adds them, or not. Those who do not join are listed as changes.",
    )


class RoundUpdate(BaseModel):
    """What is to be different about a draft."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, min_length=3, max_length=200, pattern=_ONE_LINE)
    election: str | None = Field(default=None, min_length=3, max_length=120, pattern=_ONE_LINE)
    year: int | None = Field(default=None, ge=2000, le=2100)
    cut_off: date | None = None
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    countersign: bool | None = None
    paper: Literal["F4", "A4"] | None = None
    audience: Literal["asn", "asn_non_asn"] | None = None
    population: Population | None = None
    late_joiners: LateJoiners | None = None


class RoundPledgeRead(BaseModel):
    """One text of a round with the version it froze."""

    pledge: str
    template_version_id: UUID


class RoundRead(BaseModel):
    """A round."""

    id: UUID
    title: str
    election: str
    year: int
    cut_off: date
    opens_at: datetime
    closes_at: datetime
    countersign: bool
    paper: str
    audience: Literal["asn", "asn_non_asn"]
    population: Population
    late_joiners: LateJoiners
    status: Literal["draft", "opening", "open", "closed"]
    pledges: list[RoundPledgeRead]
    opened_at: datetime | None
    closed_at: datetime | None


class TemplateRead(BaseModel):
    """A template and its newest version."""

    id: UUID
    code: str
    title: str
    version_id: UUID
    version: int
    sha256: str


class Finding(BaseModel):
    """One thing to know about a template's files: where it stands (file, clause, line from 1) and what to do about it."""

    severity: Literal["error", "warning"]
    code: str
    file: str
    clause: str
    line: int | None
    message: str
    remedy: str


class PaperRead(BaseModel):
    """How a version comes out on one paper: the type sizes tried first to last, and its pages at the first that fits."""

    paper: str
    size: float
    pages: int


class TemplateVersionRead(BaseModel):
    """One immutable version of a template; `id` is what a round may ask for."""

    id: UUID
    template_id: UUID
    code: str
    version: int
    sha256: str
    created_at: datetime


class TemplateVersionReport(TemplateVersionRead):
    """A version that was just handed in, with what was found and how it comes out."""

    findings: list[Finding]
    papers: list[PaperRead]


class TemplateVersionDetail(TemplateVersionRead):
    """A version with its whole content; the emblem is base64."""

    source: dict[str, Any]
