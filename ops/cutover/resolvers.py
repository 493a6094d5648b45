"""What public resolvers see of a name."""

from __future__ import annotations

SECONDS = 5
PORT = 53


def ttl(host: str, resolver: str) -> int | str:
    """Seconds for which a resolver still answers from its memory; or why it doesn't answer, in words.

    Args:
        host: The name.
        resolver: Address of the resolver, with a port if it isn't 53.
    """
    import dns.exception  # noqa: PLC0415  (only a plain record needs it)
    import dns.message  # noqa: PLC0415
    import dns.query  # noqa: PLC0415

    address, _, port = resolver.partition(":") if resolver.count(":") == 1 else (resolver, "", "")
    try:
        answer = dns.query.udp(
            dns.message.make_query(host, "A"), address, port=int(port or PORT), timeout=SECONDS, ignore_unexpected=True
        )
    except (dns.exception.DNSException, OSError, ValueError) as error:
        return f"no answer ({error or type(error).__name__})"
    first = next((each.ttl for each in answer.answer if each.name.to_text(omit_final_dot=True).lower() == host), None)
    return "no such record" if first is None else first
