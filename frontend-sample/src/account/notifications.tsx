// What the viewer is told of: by mail, and by a webhook whose key is shown once.

import { useSignal } from "@preact/signals";
import { useMutation, useQuery } from "@urql/preact";
import { useEffect } from "preact/hooks";
import { problemIn, problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields, type ResultOf, type VariablesOf } from "../api/graphql.ts";
import { ActionButton, useOnce } from "../ui/action.tsx";
import { sentence, texts } from "../ui/language.ts";
import { wake } from "./deliveries.tsx";

const settingsFields = graphql(`
  fragment SettingsFields on NotificationSettings {
    emailOnFailure
    emailOnCompletion
    webhookUrl
  }
`);

const Settings = graphql(
  `
    query Settings {
      me {
        id
        notifications {
          ...SettingsFields
        }
      }
    }
  `,
  [settingsFields],
);

const UpdateNotificationSettings = graphql(
  `
    mutation UpdateNotificationSettings($input: NotificationSettingsInput!) {
      updateNotificationSettings(input: $input) {
        __typename
        ...SettingsFields
        ... on WebhookSecret {
          secret
          settings {
            ...SettingsFields
          }
        }
        ...ProblemFields
      }
    }
  `,
  [settingsFields, problemFields],
);

const RotateWebhookSecret = graphql(
  `
    mutation RotateWebhookSecret {
      rotateWebhookSecret {
        __typename
        ... on WebhookSecret {
          secret
        }
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

const SendTestWebhook = graphql(
  `
    mutation SendTestWebhook {
      sendTestWebhook {
        __typename
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

type Settled = ResultOf<typeof settingsFields>;
type Change = VariablesOf<typeof UpdateNotificationSettings>["input"];

export function Notifications() {
  const t = texts.value;
  const settings = useSignal<Settled | null>(null);
  const secret = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const [{ data, error }] = useQuery({ query: Settings, requestPolicy: "network-only" });
  const [, update] = useMutation(UpdateNotificationSettings);
  const [, rotate] = useMutation(RotateWebhookSecret);
  const [, sendTest] = useMutation(SendTestWebhook);

  useEffect(() => {
    if (data) settings.value = data.me.notifications;
    if (error) problem.value = problemOf(error);
  }, [data, error]);

  async function change(input: Change): Promise<void> {
    const before = settings.value!;
    problem.value = null;
    // At once, or a box that was ticked would look unticked until the answer is here.
    settings.value = { ...before, ...input } as Settled;
    const { data, error } = await update({ input });
    const answer = data?.updateNotificationSettings;
    problem.value = problemIn(answer, error) ?? problem.value;
    if (answer?.__typename === "NotificationSettings") settle(input, answer);
    else if (answer?.__typename === "WebhookSecret") settle(input, answer.settings);
    else settle(input, before);
    if (answer?.__typename === "WebhookSecret") secret.value = answer.secret;
    else if (answer?.__typename === "NotificationSettings" && "webhookUrl" in input) secret.value = null;
  }

  /** Of the fields of one change, show how it ended, except where there is a newer change of the same field. */
  function settle(input: Change, ended: Settled): void {
    const now = settings.value!;
    const fields = (Object.keys(input) as (keyof Settled)[]).filter((field) => now[field] === input[field]);
    settings.value = { ...now, ...Object.fromEntries(fields.map((field) => [field, ended[field]])) };
  }

  async function newKey(): Promise<void> {
    const { data, error } = await rotate({});
    const answer = data?.rotateWebhookSecret;
    problem.value = problemIn(answer, error);
    if (answer?.__typename === "WebhookSecret") secret.value = answer.secret;
  }

  async function test(): Promise<void> {
    const { data, error } = await sendTest({});
    const answer = data?.sendTestWebhook;
    problem.value = problemIn(answer, error);
    wake();
  }

  const [saveUrl, saving] = useOnce((url: string) => change({ webhookUrl: url || null }));

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void saveUrl(new FormData(event.currentTarget as HTMLFormElement).get("webhookUrl") as string);
  }

  const now = settings.value;
  return (
    <section class="card">
      <h3>{t.notifications}</h3>
      <p role="alert" class="problem">
        {problem.value && sentence(problem.value)}
      </p>
      {now && (
        <>
          <Choice label={t.emailOnFailure} checked={now.emailOnFailure} choose={(emailOnFailure) => change({ emailOnFailure })} />
          <Choice
            label={t.emailOnCompletion}
            checked={now.emailOnCompletion}
            choose={(emailOnCompletion) => change({ emailOnCompletion })}
          />
          <form class="beside" onSubmit={submit}>
            <div class="field">
              <label for="webhook-url">{t.webhookUrl}</label>
              <input
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
          {secret.value && (
            <p role="status">
              {t.webhookSecret} <code>{secret.value}</code>
            </p>
          )}
          {now.webhookUrl && (
            <p class="beside">
              <ActionButton onAction={test}>{t.sendTest}</ActionButton>
              <ActionButton onAction={newKey}>{t.newKey}</ActionButton>
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
