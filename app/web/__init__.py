"""The thin web client: pages people read, and the browser's side of the ceremony."""
