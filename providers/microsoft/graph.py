"""Microsoft Graph, used for one thing: the groups a person is in, directly or through other groups."""

from typing import Any

from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient

MOST_PAGES = 12  # of 999 each: more groups than a person can be in at Entra
GROUP = "#microsoft.graph.group"


def groups_of(upstream: UpstreamClient, graph_url: str, access_token: object) -> list[str]:
    """Return the ids of all groups of the token's owner. Raises SignInRefused rather than return a part of them.

    The scope ``User.Read`` suffices for the ids of one's own groups; their other properties stay empty.
    """
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "no access token to fetch groups with")
    headers = {"Authorization": f"Bearer {access_token}"}
    url, found = f"{graph_url}/v1.0/me/transitiveMemberOf?$select=id&$top=999", list[str]()
    for _page in range(MOST_PAGES):
        answer = upstream.get(url, headers=headers)
        if answer.status != 200:
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {answer.status} for groups")
        document = answer.object()
        found += _ids(document.get("value"))
        if "@odata.nextLink" not in document:
            return found
        url = _next(document["@odata.nextLink"], graph_url)
    raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the list of groups does not end")


def _ids(listed: Any) -> list[str]:
    if not isinstance(listed, list):
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the groups are not a list")
    return [
        item["id"]
        for item in listed
        if isinstance(item, dict) and item.get("@odata.type") == GROUP and isinstance(item.get("id"), str)
    ]


def _next(url: object, graph_url: str) -> str:
    """Return the URL of the next page. Raises SignInRefused if it is not at Graph: the request carries the token."""
    is_fit = isinstance(url, str) and url.startswith(f"{graph_url}/v1.0/") and url.isascii() and url.isprintable()
    if not isinstance(url, str) or not is_fit:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, "the next page of groups is elsewhere")
    return url
