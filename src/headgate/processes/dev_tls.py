"""A certificate for trying TLS at home: an authority of our own, made once per data folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import trustme

from headgate.processes.folder import DataFolder


class Certificate(NamedTuple):
    """Files of a server certificate."""

    cert: Path
    key: Path
    #: the authority to trust, where it is ours (`curl --cacert`)
    authority: Path | None = None


def dev_certificate(folder: DataFolder, host: str) -> Certificate:
    """The development certificate of this data folder, for localhost and `host`; made at first use."""
    made = Certificate(folder.tls / "cert.pem", folder.tls / "key.pem", folder.tls / "authority.pem")
    names = {"localhost", "127.0.0.1", "::1", host} - {"0.0.0.0", "::"}  # noqa: S104 - names for a certificate, not a bind
    covers = folder.tls / "names"
    if not covers.exists() or set(covers.read_text().split()) != names:
        folder.tls.mkdir(mode=0o700, exist_ok=True)
        authority = trustme.CA(organization_name="Headgate development")
        issued = authority.issue_cert(*sorted(names), common_name="localhost")
        folder.write_private(made.key, issued.private_key_pem.bytes().decode())
        folder.write_private(made.cert, "".join(pem.bytes().decode() for pem in issued.cert_chain_pems))
        folder.write_private(folder.tls / "authority.pem", authority.cert_pem.bytes().decode())
        # last: a half-made set has no `names` and is made again
        folder.write_private(covers, "\n".join(sorted(names)))
    return made
