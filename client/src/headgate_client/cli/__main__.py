"""`python -m headgate_client.cli`."""

from headgate_client.cli import main

main()
