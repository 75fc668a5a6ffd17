// What the viewer is told of: by mail, and by a webhook whose key is shown once.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { graphql, type Problem, problemFields, type ResultOf, type VariablesOf } from "../api/graphql.ts";
import { ActionButton, Alert, useOnce } from "../ui/controls.tsx";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { Secret } from "./secret.tsx";
import { useTexts } from "./texts.ts";

const settingsFields = graphql(`fragment SettingsFields on NotificationSettings { emailOnFailure emailOnCompletion webhookUrl }`);

const Settings = graphql(`query Settings { me { id notifications { ...SettingsFields } } }`, [settingsFields]);

const UpdateNotificationSettings = graphql(
  `mutation UpdateNotificationSettings($input: NotificationSettingsInput!) {
    updateNotificationSettings(input: $input) {
      __typename ...SettingsFields ... on WebhookSecret { secret settings { ...SettingsFields } } ...ProblemFields
    }
  }`,
  [settingsFields, problemFields],
);

const RotateWebhookSecret = graphql(
  `mutation RotateWebhookSecret { rotateWebhookSecret { __typename ... on WebhookSecret { secret } ...ProblemFields } }`,
  [problemFields],
);

const SendTestWebhook = graphql(`mutation SendTestWebhook { sendTestWebhook { __typename ...ProblemFields } }`, [problemFields]);

type Settled = ResultOf<typeof settingsFields>;
type Change = VariablesOf<typeof UpdateNotificationSettings>["input"];

/** Of the fields of one change, show how it ended, except where there is a newer change of the same field. */
function settled(now: Settled, input: Change, ended: Settled): Settled {
  const fields = (Object.keys(input) as (keyof Settled)[]).filter((field) => now[field] === input[field]);
  return { ...now, ...Object.fromEntries(fields.map((field) => [field, ended[field]])) };
}

export function Notifications({ onSent }: { onSent: () => void }) {
  const { t } = useWords();
  const texts = useTexts();
  const { ask } = usePage();
  const settings = useSignal<Settled | null>(null);
  const secret = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const [found] = useAnswer(Settings, {});

  useEffect(() => {
    if (found?.answer) settings.value = found.answer.notifications;
    if (found?.problem) problem.value = found.problem;
  }, [found]);

  async function change(input: Change): Promise<void> {
    const before = settings.value!;
    problem.value = null;
    // At once, or a box that was ticked would look unticked until the answer is here.
    settings.value = { ...before, ...input } as Settled;
    const { answer, problem: wrong } = await ask(UpdateNotificationSettings, { input });
    problem.value = wrong ?? problem.value;
    const isNewSecret = answer?.__typename === "WebhookSecret";
    settings.value = settled(settings.value, input, isNewSecret ? answer.settings : (answer ?? before));
    if (isNewSecret) secret.value = answer.secret;
    else if (answer && "webhookUrl" in input) secret.value = null;
    if (answer && "webhookUrl" in input) onSent(); // Its owner is told by mail, too.
  }

  async function newKey(): Promise<void> {
    if (!confirm(texts.newKeySure)) return;
    const outcome = await ask(RotateWebhookSecret, {});
    problem.value = outcome.problem;
    if (!outcome.answer) return;
    secret.value = outcome.answer.secret;
    onSent();
  }

  async function test(): Promise<void> {
    ({ problem: problem.value } = await ask(SendTestWebhook, {}));
    onSent();
  }

  /** An empty field would remove it as the button does, and so asks the same. */
  async function setUrl(url: string): Promise<void> {
    const now = settings.value!.webhookUrl;
    if (!url && !now) return;
    if (!url && !confirm(texts.removeWebhookSure(now!))) return;
    await change({ webhookUrl: url || null });
  }

  const [saveUrl, saving] = useOnce(setUrl);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void saveUrl(new FormData(event.currentTarget as HTMLFormElement).get("webhookUrl") as string);
  }

  const now = settings.value;
  return (
    <section class="card">
      <h3>{texts.notifications}</h3>
      <Alert problem={problem.value} />
      {now && (
        <>
          <Choice label={texts.emailOnFailure} checked={now.emailOnFailure} choose={(emailOnFailure) => change({ emailOnFailure })} />
          <Choice
            label={texts.emailOnCompletion}
            checked={now.emailOnCompletion}
            choose={(emailOnCompletion) => change({ emailOnCompletion })}
          />
          <form class="beside" onSubmit={submit}>
            <div class="field">
              <label for="webhook-url">{texts.webhookUrl}</label>
              <input
                key={now.webhookUrl}
                id="webhook-url"
                name="webhookUrl"
                inputMode="url"
                maxLength={2048}
                placeholder="https://"
                defaultValue={now.webhookUrl ?? ""}
                aria-invalid={problem.value?.field?.at(-1) === "webhookUrl"}
              />
            </div>
            <button aria-disabled={saving}>{t.save}</button>
          </form>
          {secret.value && <Secret key={secret.value} secret={secret.value}>{texts.webhookSecret}</Secret>}
          {now.webhookUrl && (
            <p class="beside">
              <ActionButton onAction={test}>{texts.sendTest}</ActionButton>
              <ActionButton onAction={newKey}>{texts.newWebhookKey}</ActionButton>
              <ActionButton onAction={() => setUrl("")}>{texts.removeWebhook}</ActionButton>
            </p>
          )}
        </>
      )}
    </section>
  );
}

function Choice({ label, checked, choose }: { label: string; checked: boolean; choose: (chosen: boolean) => void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={checked} onChange={(event) => choose(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
