// The viewer's data: to take away, and to remove.

import { useSignal } from "@preact/signals";
import { useMutation } from "@urql/preact";
import { problemIn } from "../api/client.ts";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import * as session from "../api/session.ts";
import { ActionButton, useOnce } from "../ui/action.tsx";
import { download } from "../ui/download.ts";
import { sentence, texts } from "../ui/language.ts";

const ExportData = graphql(
  `
    mutation ExportMyData {
      exportMyData {
        __typename
        ... on DataExport {
          downloadUrl
        }
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

const Delete = graphql(
  `
    mutation DeleteAccount($password: String!) {
      deleteAccount(password: $password) {
        __typename
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

export function ExportMyData() {
  const t = texts.value;
  const problem = useSignal<Problem | null>(null);
  const [, exportData] = useMutation(ExportData);

  async function take(): Promise<void> {
    const { data, error } = await exportData({});
    const answer = data?.exportMyData;
    problem.value = problemIn(answer, error);
    if (answer?.__typename === "DataExport") download(linked(answer.downloadUrl));
  }

  return (
    <>
      <p>
        <ActionButton onAction={take}>{t.exportData}</ActionButton>
      </p>
      <p role="alert" class="problem">
        {problem.value && sentence(problem.value)}
      </p>
    </>
  );
}

export function DeleteAccount() {
  const t = texts.value;
  const problem = useSignal<Problem | null>(null);
  const [, remove] = useMutation(Delete);

  const [deleteNow, busy] = useOnce(async (password: string) => {
    const { data, error } = await remove({ password });
    const answer = data?.deleteAccount;
    problem.value = problemIn(answer, error);
    if (answer?.__typename === "Deleted") session.end();
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (busy || !confirm(t.deleteAccountSure)) return;
    void deleteNow(new FormData(event.currentTarget as HTMLFormElement).get("password") as string);
  }

  return (
    <form onSubmit={submit}>
      <p class="hint">{t.deleteAccountHint}</p>
      <div class="beside">
        <div class="field">
          <label for="delete-password">{t.password}</label>
          <input id="delete-password" name="password" type="password" autocomplete="current-password" required />
        </div>
        <button aria-disabled={busy}>{t.deleteAccount}</button>
      </div>
      <p role="alert" class="problem">
        {problem.value && sentence(problem.value)}
      </p>
    </form>
  );
}
