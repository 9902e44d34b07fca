"""Webhooks in the admin: set up by a tenant's owner, whose secret is seen once, and never another tenant's."""

import re

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from accounts.organizations.roles import permissions
from audit.events import Event
from audit.models import Entry
from tenancy import site_context, tenant_context
from tests.support.post import Post
from tests.support.proven import proven, sign_in
from tests.tenancy.conftest import Town
from tests.webhooks.conftest import Set, again
from tests.webhooks.receiver import documented, receiving
from webhooks import changes, running
from webhooks.models import Delivery, Webhook

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/webhooks/webhook/"


def page(webhook: Webhook, then: str = "change") -> str:
    return f"{LIST}{webhook.pk}/{then}/"


def secret_on(text: str) -> str:
    (secret,) = re.findall(r">(whsec_[^<]+)</textarea>", text)
    return str(secret)


def test_an_owner_sets_one_up_tests_it_and_sees_how_it_is_doing(town: Town) -> None:
    browser = proven(town.a.owner)
    with receiving() as receiver:
        filled_in = {"name": "Ours", "url": f"{receiver.url}?key=in-the-address", "tables": ["accounts_membership"]}
        answer = browser.post(f"{LIST}add/", filled_in)
        secret = secret_on(answer.content.decode())
        with site_context("a test looks"):
            webhook = Webhook.objects.get()
        assert (webhook.tenant_id, webhook.created_by_id) == (town.a.tenant.pk, town.a.owner.pk)
        assert secret not in browser.get(page(webhook)).content.decode()
        assert secret not in webhook.secret

        assert browser.get(page(webhook, "test")).status_code == 200
        assert browser.post(page(webhook, "test")).status_code == 302
        running.send_due(seconds=10)
        (one,) = receiver.came
        assert documented()(secret, one.headers, one.body)

        renewed = secret_on(browser.post(page(webhook, "rotate-secret")).content.decode())
        assert renewed != secret
    shown = browser.get(LIST).content.decode()
    assert "well" in shown
    assert "in-the-address" not in shown
    told = Entry.objects.filter(object_table="webhooks_webhook", object_id=str(webhook.pk))
    assert {"create", "webhook.tested", "webhook.secret_rotated"} <= set(told.values_list("action", flat=True))
    assert not any(secret in str((entry.before, entry.after, entry.details)) for entry in told)


@pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", "javascript:alert(1)"])
def test_an_address_where_webhooks_do_not_go_is_refused_on_the_page(town: Town, url: str) -> None:
    answer = proven(town.a.owner).post(f"{LIST}add/", {"name": "Ours", "url": url})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    with site_context("a test looks"):
        assert not Webhook.objects.exists()


def test_a_change_of_the_address_asks_for_a_fresh_proof(town: Town, set_up: Set) -> None:
    webhook, _ = set_up(town.a, "http://127.0.0.1:9/")
    browser = Client()
    sign_in(browser, town.a.owner)
    for url in (page(webhook), page(webhook, "rotate-secret"), page(webhook, "test"), f"{LIST}add/"):
        answer = browser.post(url, {"name": "Ours", "url": "http://127.0.0.1:10/", "is_active": "on"})
        assert answer.status_code == 302, url
        assert "/reauthenticate" in answer.headers["Location"], url
    assert again(webhook).url == "http://127.0.0.1:9/"


def test_one_that_is_switched_on_again_begins_anew(town: Town, set_up: Set) -> None:
    webhook, _ = set_up(town.a, "http://127.0.0.1:9/")
    with tenant_context(town.a.tenant.pk):
        Webhook.objects.update(is_active=False, disabled_reason="answered with status 410", failures=7)
    browser = proven(town.a.owner)
    assert "switched off: it took nothing any more" in browser.get(LIST).content.decode()

    browser.post(page(webhook), {"name": "Ours", "url": webhook.url, "is_active": "on"})
    on = again(webhook)
    assert (on.is_active, on.disabled_reason, on.failures) == (True, "", 0)


def test_dead_letters_show_their_reason_and_are_tried_again_or_let_go(town: Town, set_up: Set) -> None:
    browser = proven(town.a.owner)
    letters = "/admin/webhooks/delivery/"
    with receiving(422) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        with tenant_context(town.a.tenant.pk):
            for name in ("one", "two"):
                Role.objects.create(name=name, tenant=town.a.tenant)
        running.send_due(seconds=10)
        with tenant_context(town.a.tenant.pk):
            Delivery.objects.update(next_attempt_at=None)
            one, two = Delivery.objects.order_by("pk")
        shown = browser.get(f"{letters}?webhook__id__exact={webhook.pk}&state=dead").content.decode()
        assert shown.count("answered with status 422") == 2
        assert "dead letters: 2" in browser.get(page(webhook)).content.decode()

        receiver.answer = lambda _: 200
        browser.post(letters, {"action": "try_again", "_selected_action": [one.pk]})
        asked = browser.post(letters, {"action": "discard", "_selected_action": [two.pk]}).content.decode()
        assert "Their entries stay in the trail" in asked
        browser.post(letters, {"action": "discard", "_selected_action": [two.pk], "post": "yes"})
        running.send_due(seconds=10)
    assert [c.message["data"]["after"]["name"] for c in receiver.came] == ["one", "two", "one"]
    with site_context("a test looks"):
        assert not Delivery.objects.exists()
    assert Entry.objects.filter(action=Event.DELIVERY_DISCARDED, details__entry=two.entry_id).exists()


def test_nobody_finds_or_moves_another_tenants(town: Town, set_up: Set) -> None:
    webhook, _ = set_up(town.b, "http://127.0.0.1:9/")
    browser = proven(town.a.owner)
    assert str(webhook.pk) not in browser.get(LIST).content.decode()
    for then in ("change", "test", "secret", "delete"):
        assert browser.post(page(webhook, then), {"post": "yes", "name": "x"}).status_code in {302, 404}
    assert again(webhook).name == "Ours"
    assert not Entry.objects.filter(action__in=[Event.WEBHOOK_TESTED, Event.WEBHOOK_SECRET_ROTATED]).exists()


def test_who_may_not_read_the_trail_here_may_not_have_it_sent(town: Town) -> None:
    with tenant_context(town.a.tenant.pk):
        town.a.role.permissions.set(permissions(("webhooks.add_webhook", "webhooks.view_webhook")))
        Membership.objects.filter(user=town.a.member).update(role=town.a.role)
    assert proven(town.a.member).get(f"{LIST}add/").status_code == 403


def test_an_account_that_goes_leaves_its_webhooks(town: Town, set_up: Set) -> None:
    webhook, _ = set_up(town.a, "http://127.0.0.1:9/")
    with site_context("a test deletes"):
        User.objects.get(pk=town.a.owner.pk).delete()
    assert again(webhook).created_by_id is None


def test_switching_off_mails_whoever_made_it(town: Town, set_up: Set, post: Post) -> None:
    User.objects.filter(pk=town.a.owner.pk).update(email="owner@example.com", email_verified=True)
    with receiving(410) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        with tenant_context(town.a.tenant.pk):
            changes.test(webhook)
        running.send_due(seconds=10)
    assert page(webhook) in str(post.to("owner@example.com").body)
