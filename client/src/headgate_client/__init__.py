"""Send conversion events to an Events API."""
