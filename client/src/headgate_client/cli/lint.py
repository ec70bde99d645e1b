def lint() -> None:
    """Lint."""
