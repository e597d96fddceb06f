import gc

import pytest

from app.core.memory import loading


def test_the_collector_waits_while_a_process_loads_and_works_again_even_if_that_fails() -> None:
    with pytest.raises(ImportError), loading():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
