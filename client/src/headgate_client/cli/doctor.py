def doctor() -> None:
    """Doctor."""
