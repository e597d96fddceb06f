"""Pages that follow from the code are what the code says now."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_generated_pages_are_current_run_make_docs_when_they_are_not() -> None:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, content in module.generated().items():
        assert path.read_text(encoding="utf-8") == content, f"{path.name} is outdated: make docs"
