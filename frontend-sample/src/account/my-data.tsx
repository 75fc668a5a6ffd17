// The viewer's data: to take away, and to remove.

import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { linked } from "../api/places.ts";
import { ActionButton, Alert, useOnce } from "../ui/controls.tsx";
import { download } from "../ui/download.ts";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { useTexts } from "./texts.ts";

const ExportData = graphql(
  `mutation ExportMyData { exportMyData { __typename ... on DataExport { downloadUrl } ...ProblemFields } }`,
  [problemFields],
);

const Delete = graphql(
  `mutation DeleteAccount($password: String!) { deleteAccount(password: $password) { __typename ...ProblemFields } }`,
  [problemFields],
);

const FromBefore = graphql(`query VideosFromBefore { me { id hasVideosFromBefore } }`);

const RemoveFromBefore = graphql(`mutation RemoveVideosFromBefore { removeVideosFromBefore }`);

export function ExportMyData() {
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const { ask } = usePage();

  async function take(): Promise<void> {
    const outcome = await ask(ExportData, {});
    problem.value = outcome.problem;
    if (outcome.answer) download(linked(outcome.answer.downloadUrl));
  }

  return (
    <>
      <p>
        <ActionButton onAction={take}>{texts.exportData}</ActionButton>
      </p>
      <Alert problem={problem.value} />
    </>
  );
}

/** What somebody else may have sent before the address was shown to be the viewer's. */
export function VideosFromBefore() {
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const removed = useSignal<number | null>(null);
  const [me] = useAnswer(FromBefore, {});
  const { ask } = usePage();
  if (!me?.answer?.hasVideosFromBefore) return null;

  async function removeAll(): Promise<void> {
    if (!confirm(texts.videosFromBeforeSure)) return;
    ({ answer: removed.value, problem: problem.value } = await ask(RemoveFromBefore, {}));
  }

  return (
    <>
      <p class="hint">{texts.videosFromBefore}</p>
      <p>
        <ActionButton onAction={removeAll}>{texts.removeVideosFromBefore}</ActionButton>
      </p>
      <p role="status">{removed.value !== null && texts.videosRemoved(removed.value)}</p>
      <Alert problem={problem.value} />
    </>
  );
}

export function DeleteAccount() {
  const { t } = useWords();
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const { ask, tokens } = usePage();

  const [deleteNow, busy] = useOnce(async (password: string) => {
    ({ problem: problem.value } = await ask(Delete, { password }));
    if (!problem.value) tokens.end();
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (busy || !confirm(texts.deleteAccountSure)) return;
    void deleteNow(new FormData(event.currentTarget as HTMLFormElement).get("password") as string);
  }

  return (
    <form onSubmit={submit}>
      <p class="hint">{texts.deleteAccountHint}</p>
      <div class="beside">
        <div class="field">
          <label for="delete-password">{t.password}</label>
          <input id="delete-password" name="password" type="password" autocomplete="current-password" required />
        </div>
        <button aria-disabled={busy}>{texts.deleteAccount}</button>
      </div>
      <Alert problem={problem.value} />
    </form>
  );
}
