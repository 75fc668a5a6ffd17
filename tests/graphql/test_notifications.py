"""What users are told, as a page sets and reads it."""

from typing import Any

import httpx

from tests.parts.site import PASSWORD, Person, Site

PROBLEM = "... on Problem { code message field retryAfterSeconds }"
SETTINGS = "emailOnFailure emailOnCompletion webhookUrl"
UPDATE = f"""mutation($input: NotificationSettingsInput!) {{ updateNotificationSettings(input: $input) {{
  kind: __typename ... on NotificationSettings {{ {SETTINGS} }}
  ... on WebhookSecret {{ secret settings {{ {SETTINGS} }} }} {PROBLEM} }} }}"""
DELIVERY = "id channel event videoId status attempts lastAnswer createdAt deliveredAt"
LOG = f"""query($first: Int, $after: String) {{ notificationDeliveries(first: $first, after: $after) {{
  edges {{ cursor node {{ {DELIVERY} }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
AGAIN = f"""mutation($id: ID!) {{ redeliverNotification(id: $id) {{
  ... on NotificationDelivery {{ {DELIVERY} }} {PROBLEM} }} }}"""
URL = "https://hooks.example.com/in"


async def update(person: Person, **given: Any) -> Any:
    return (await person.ask(UPDATE, input=given))["updateNotificationSettings"]


async def log(person: Person, **page: Any) -> Any:
    return (await person.ask(LOG, **page))["notificationDeliveries"]


def news(page: Any) -> list[Any]:
    """Give what a page of the log tells of videos and files, not of the account itself."""
    return [edge["node"] for edge in page["edges"] if not edge["node"]["event"].startswith("account.")]


async def test_settings_are_changed_and_read_again(ana: Person):
    assert await update(ana) == {
        "kind": "NotificationSettings", "emailOnFailure": True, "emailOnCompletion": False, "webhookUrl": None,
    }  # fmt: skip
    secret = await update(ana, emailOnCompletion=True, webhookUrl=URL)
    assert secret["kind"] == "WebhookSecret"
    assert secret["secret"].startswith("whsec_")
    now = {"emailOnFailure": True, "emailOnCompletion": True, "webhookUrl": URL}
    assert secret["settings"] == now
    assert (await ana.ask(f"{{ me {{ notifications {{ {SETTINGS} }} }} }}"))["me"]["notifications"] == now
    assert (await update(ana, emailOnFailure=True))["webhookUrl"] == URL  # What is left out stays as it is.
    assert await update(ana, emailOnFailure=None, webhookUrl=None) == {
        "kind": "NotificationSettings", "emailOnFailure": True, "emailOnCompletion": True, "webhookUrl": None,
    }  # fmt: skip


async def test_a_url_that_breaks_a_rule_is_a_problem_that_names_it(ana: Person):
    problem = await update(ana, webhookUrl="http://169.254.169.254/latest")
    assert (problem["kind"], problem["code"], problem["field"]) == ("Problem", "INVALID_INPUT", ["webhookUrl"])
    assert problem["message"] == "A webhook's URL begins with https://."


async def test_the_key_is_never_read_again(ana: Person):
    secret = (await update(ana, webhookUrl=URL))["secret"]
    rotate = f"mutation {{ rotateWebhookSecret {{ ... on WebhookSecret {{ secret }} {PROBLEM} }} }}"
    rotated = (await ana.ask(rotate))["rotateWebhookSecret"]["secret"]
    assert rotated != secret
    for told in (await ana.ask(f"{{ me {{ notifications {{ {SETTINGS} }} }} }}"), await log(ana), await update(ana)):
        assert "whsec_" not in str(told)


async def test_the_log_tells_what_was_told_on_which_channel(site: Site, ana: Person, bruno: Person):
    await update(ana, webhookUrl=URL)
    video = await ana.uploaded()
    site.clock.advance(1)
    await site.failed(video)
    page = await log(ana)
    nodes = news(page)
    assert {node["channel"] for node in nodes} == {"EMAIL", "WEBHOOK"}
    for node in nodes:
        assert (node["event"], node["videoId"], node["status"], node["attempts"]) == (
            "video.failed",
            video,
            "PENDING",
            0,
        )
        assert node["lastAnswer"] is node["deliveredAt"] is None
    first = await log(ana, first=1)
    assert first["pageInfo"]["hasNextPage"]
    second = await log(ana, first=1, after=first["pageInfo"]["endCursor"])
    assert second["pageInfo"]["hasPreviousPage"]
    assert [one["edges"][0]["node"]["id"] for one in (first, second)] == [node["id"] for node in nodes]
    assert (await log(bruno))["edges"] == []
    assert (await bruno.ask(AGAIN, id=nodes[0]["id"]))["redeliverNotification"]["code"] == "INVALID_INPUT"
    assert (await ana.ask(AGAIN, id=nodes[0]["id"]))["redeliverNotification"]["id"] == nodes[0]["id"]


async def test_a_page_size_or_cursor_out_of_range_is_bad_user_input(ana: Person):
    for page in ({"first": 0}, {"first": 101}, {"after": "x"}):
        answer = await ana.graphql(LOG, **page)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_test_notification_is_due_at_once(site: Site, ana: Person):
    send = f"mutation {{ sendTestWebhook {{ ... on NotificationDelivery {{ {DELIVERY} }} {PROBLEM} }} }}"
    problem = (await ana.ask(send))["sendTestWebhook"]
    assert (problem["code"], problem["message"]) == ("NOTIFICATION_ERROR", "There is no webhook: set its URL first.")
    await update(ana, webhookUrl=URL)
    before = site.queue.notifications
    told = (await ana.ask(send))["sendTestWebhook"]
    assert (told["event"], told["channel"], told["status"]) == ("webhook.test", "WEBHOOK", "PENDING")
    assert site.queue.notifications == before + 1


async def test_a_refused_file_is_notified_too(site: Site, ana: Person):
    await update(ana, webhookUrl=URL)
    answer = await ana.http.post("/videos/upload", files={"file": ("notes.txt", b"no video")})
    assert answer.status_code == 415
    told = news(await log(ana))
    assert sorted((one["event"], one["channel"]) for one in told) == [
        ("upload.rejected", "EMAIL"),
        ("upload.rejected", "WEBHOOK"),
    ]


async def test_ones_data_is_exported_by_a_link_that_authorises_itself(site: Site, ana: Person):
    video = await ana.uploaded()
    export = (await ana.ask("mutation { exportMyData { ... on DataExport { downloadUrl sizeBytes expiresAt } } }"))[
        "exportMyData"
    ]
    async with site.client() as nobody:
        answer = await nobody.get(export["downloadUrl"])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert len(answer.content) == export["sizeBytes"]
    assert [one["id"] for one in answer.json()["videoProcessings"]] == [video]


async def test_an_account_is_deleted_with_its_session(site: Site, ana: Person):
    register = (
        'mutation($p: String!) { register(input: { name: "Eva", email: "eva@example.com", password: $p }) '
        "{ ... on Session { accessToken } } }"
    )
    token = (await ana.ask(register, p=PASSWORD))["register"]["accessToken"]
    delete = f"mutation($p: String!) {{ deleteAccount(password: $p) {{ ... on Deleted {{ id }} {PROBLEM} }} }}"
    async with httpx.AsyncClient(
        base_url=site.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as http:
        eva = Person(http, ana.id, "eva@example.com", token)
        wrong = (await eva.ask(delete, p="not the password"))["deleteAccount"]
        assert (wrong["code"], wrong["field"]) == ("INVALID_CREDENTIALS", ["password"])
        assert (await eva.ask(delete, p=PASSWORD))["deleteAccount"]["id"]
        answer = await eva.graphql("{ me { id } }")
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
