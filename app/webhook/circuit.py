"""When a message is tried again, when an endpoint is left in peace, and when it is given up.

A message is tried eight times over 17.5 hours at most. An endpoint that failed five times in a row is left in peace, twice as long each time
up to an hour, and then asked with a single message: what waits behind it uses up none of its tries, so an outage costs a few requests an
hour whatever the number of messages.
"""

from datetime import datetime, timedelta

from app.core.webhook_settings import WebhookSettings
from app.webhook.models import Webhook
from app.webhook.sending import Outcome

SCHEDULE = (5, 30, 120, 600, 3_600, 14_400, 43_200)
"""Seconds before the second try and those after it; each is shortened or lengthened by up to a tenth."""
OPENS_AFTER = 5
_FIRST_PAUSE, _LONGEST_PAUSE, _LONGEST_ASKED = 30, 3_600, 3_600
GONE = 410


def next_try(tries: int, retry_after: float, chance: float) -> timedelta | None:
    """Return the pause after so many failed tries, None after the last; `chance` lies in [0, 1)."""
    if tries > len(SCHEDULE):
        return None
    pause = max(SCHEDULE[tries - 1], min(retry_after, _LONGEST_ASKED))
    return timedelta(seconds=pause * (0.9 + 0.2 * chance))


def probing(webhook: Webhook) -> bool:
    """Whether an endpoint is asked with one message at a time, to see if it is back."""
    return webhook.failures >= OPENS_AFTER


def note(webhook: Webhook, outcome: Outcome, now: datetime, settings: WebhookSettings) -> bool:
    """Write down how an endpoint did; return whether it is disabled by that."""
    if outcome.taken:
        webhook.failures, webhook.failing_since, webhook.paused_until, webhook.last_error = 0, None, None, ""
        return False
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or now
    webhook.last_error = outcome.error or f"HTTP {outcome.status}"
    if webhook.failures >= OPENS_AFTER:
        seconds = min(_FIRST_PAUSE * 2 ** min(webhook.failures - OPENS_AFTER, 10), _LONGEST_PAUSE)
        webhook.paused_until = now + timedelta(seconds=seconds)
    if outcome.status == GONE:
        return disable(webhook, "gone", now)
    if now - webhook.failing_since >= timedelta(days=settings.failing_days):
        return disable(webhook, "failing", now)
    return False


def disable(webhook: Webhook, cause: str, now: datetime) -> bool:
    """Switch an endpoint off, and say why; return whether it was on."""
    if not webhook.enabled:
        return False
    webhook.enabled, webhook.disabled_at, webhook.disabled_cause = False, now, cause
    return True


def enable(webhook: Webhook) -> None:
    """Switch an endpoint on with a clean slate."""
    webhook.enabled, webhook.disabled_at, webhook.disabled_cause = True, None, ""
    webhook.failures, webhook.failing_since, webhook.paused_until, webhook.last_error = 0, None, None, ""
