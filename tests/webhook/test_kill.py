"""kill -9 of a real worker in the middle of a delivery: everything arrives at least once, and twice only under the same id."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from app.pki.keyring import KeyRing
from tests.webhook.conftest import local, open_post
from tests.webhook.receiver import Receiver

EVENTS = 30


def start_worker(url: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PAKTA_DATABASE_URL": url,
        "PAKTA_DATA_DIR": str(folder),
        "PAKTA_WEBHOOK_PLAIN_HTTP": "true",
        "PAKTA_WEBHOOK_PORTS": str(port),
        "PAKTA_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "app", "worker"], env=environment, stdout=log, stderr=log)


async def test_what_a_killed_worker_was_sending_arrives_under_the_same_id(
    fresh_database: str, tmp_path: Path, keys: KeyRing, receiver: Receiver
) -> None:
    receiver.hangs = threading.Event()
    async with open_post(fresh_database, tmp_path, keys, local(receiver)) as post:
        await post.hook(receiver.url)
        post.happen(EVENTS)
        worker = start_worker(fresh_database, tmp_path, receiver.port)
        try:
            receiver.wait_for(4, 60)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        in_doubt = set(receiver.ids)
        assert post.sql("SELECT count(*) FROM webhook_delivery WHERE state = 'sending'") == [(4,)]
        assert post.sql("SELECT count(*) FROM webhook_attempt") == [(0,)]
        receiver.hangs.set()
        post.sql("UPDATE webhook_delivery SET claimed_at = claimed_at - interval '1 hour' WHERE state = 'sending'")
        worker = start_worker(fresh_database, tmp_path, receiver.port)
        try:
            receiver.wait_for(EVENTS + 4, 60)
        finally:
            worker.send_signal(signal.SIGTERM)  # what is under way is brought to its end
            worker.wait(30)
        assert len(receiver.ids) == EVENTS, "nothing is lost"
        assert {one for one, times in receiver.ids.items() if times > 1} == in_doubt
        assert post.sql("SELECT state, count(*) FROM webhook_delivery GROUP BY 1") == [("delivered", EVENTS)]
