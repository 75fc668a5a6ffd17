// The viewer's data: to take away, and to remove.

import { useSignal } from "@preact/signals";
import { useMutation, useQuery } from "@urql/preact";
import { problemIn, problemOf } from "../api/client.ts";
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

const FromBefore = graphql(`
  query VideosFromBefore {
    me {
      id
      hasVideosFromBefore
    }
  }
`);

const RemoveFromBefore = graphql(`
  mutation RemoveVideosFromBefore {
    removeVideosFromBefore
  }
`);

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

/** What somebody else may have sent before the address was shown to be the viewer's. */
export function VideosFromBefore() {
  const t = texts.value;
  const problem = useSignal<Problem | null>(null);
  const removed = useSignal<number | null>(null);
  const [{ data }] = useQuery({ query: FromBefore, requestPolicy: "network-only" });
  const [, remove] = useMutation(RemoveFromBefore);
  if (!data?.me.hasVideosFromBefore) return null;

  async function removeAll(): Promise<void> {
    if (!confirm(t.videosFromBeforeSure)) return;
    const { data, error } = await remove({});
    problem.value = error ? problemOf(error) : null;
    removed.value = data?.removeVideosFromBefore ?? null;
  }

  return (
    <>
      <p class="hint">{t.videosFromBefore}</p>
      <p>
        <ActionButton onAction={removeAll}>{t.removeVideosFromBefore}</ActionButton>
      </p>
      <p role="status">{removed.value !== null && t.videosRemoved(removed.value)}</p>
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
