"""Outgoing connections: the one place of the platform that opens them.

An address in a rule, a pack or a setting is written by somebody; asking for it from inside a company's network is
asking with that network's rights (server-side request forgery). So a connection is opened only to

    1. an address written in the one plain way: no user name, no zone, no octal, hexadecimal, short or full-width form;
    2. a port of ``Policy.ports``;
    3. a host of which *every* address lies in a global unicast range, after IPv4 inside IPv6 is unfolded;
    4. exactly the address that was checked: a second look-up could answer otherwise (DNS rebinding).

Redirects are never followed, proxies of the environment are not used, certificates are always verified, and what the
other side answers is bounded in time and size. ``Policy.allow`` names the exceptions: intranet servers and tests.
"""

from dealwright.egress.addresses import Target, may_reach, read
from dealwright.egress.allowed import MAX_ANSWER, PORTS, Policy, policy, policy_from
from dealwright.egress.calls import Answer, connect, send
from dealwright.egress.mail import PORTS as MAIL_PORTS
from dealwright.egress.mail import Relay, mail

__all__ = [
    "MAIL_PORTS",
    "MAX_ANSWER",
    "PORTS",
    "Answer",
    "Policy",
    "Relay",
    "Target",
    "connect",
    "mail",
    "may_reach",
    "policy",
    "policy_from",
    "read",
    "send",
]
