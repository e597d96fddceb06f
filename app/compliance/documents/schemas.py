"""Finished documents over the API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class DocumentGroup(BaseModel):
    """An agency's documents that an official has countersigned, and those that bear the institution's seal; void ones are in neither.

    `head_signed`: whether the agency's head of today has signed (who is recorded as such, else who takes note for it in the round); null
    where none is known or takes part, and for callers who may see figures only.
    """

    id: str
    name: str
    countersigned: int
    sealed: int
    head_signed: bool | None


class DocumentsRead(BaseModel):
    """Finished documents of a round, in the order of the agencies."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "round_id": "01931f6c-0000-7000-8000-000000000001",
                    "computed_at": "2026-11-21T03:00:00Z",
                    "countersigned": 1200,
                    "sealed": 1800,
                    "groups": [
                        {
                            "id": "01931f6c-0000-7000-8000-0000000000a1",
                            "name": "Dinas Kesehatan",
                            "countersigned": 1200,
                            "sealed": 1800,
                            "head_signed": True,
                        }
                    ],
                }
            ]
        }
    )
    round_id: UUID
    computed_at: datetime
    countersigned: int
    sealed: int
    groups: list[DocumentGroup]
