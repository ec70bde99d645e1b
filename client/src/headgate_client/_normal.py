"""Raw values to normal form and digest, by the contract's own rules."""

from __future__ import annotations

from typing import NamedTuple

from headgate_client._errors import MissingExtra
from headgate_contract import normalise

digest = normalise.digest
normal_email = normalise.email
normal_name = normalise.name
normal_gender = normalise.gender
normal_birthday = normalise.birthday


class PhoneDigests(NamedTuple):
    """Both digests under which a phone number is known."""

    #: of the digits without plus and leading zeros: what the contract's `ph` holds
    ph: str
    #: of the E.164 form with its plus: what other platforms hash
    e164: str


def phone_digests(raw: str, region: str | None = None) -> PhoneDigests:
    """Both digests of a phone number; `region` is the country, such as `US`, of a number without country code."""
    normal = normal_phone(raw, region)
    return PhoneDigests(normalise.digest(normal), normalise.digest(f"+{normal}"))


def normal_phone(raw: str, region: str | None = None) -> str:
    """The digits of a phone number, country code first, without plus and leading zeros.

    With a `region`, such as `US`, the number is read as someone there would dial it; that takes the extra
    `headgate-client[phone]`. Raises `ValueError` where it is no phone number.
    """
    if region is None:
        return normalise.phone(raw)
    try:
        import phonenumbers  # noqa: PLC0415 - large, and an extra
    except ImportError:
        raise MissingExtra(
            "reading a phone number with a region takes phonenumbers: pip install 'headgate-client[phone]'"
        ) from None
    try:
        number = phonenumbers.parse(raw, region.upper())
    except phonenumbers.NumberParseException:
        raise ValueError(f"is no phone number of {region}") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"is no possible phone number of {region}")
    return normalise.phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
