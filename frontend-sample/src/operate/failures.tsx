// What failed, by its code, and trying it again: one, or all of a code.

import { type Signal, useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import { ActionButton } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { useBoard, useReading } from "./board.ts";
import { ReadJobs, RetryFailedJobs, RetryJob } from "./jobs.ts";
import type { Overview } from "./overview.ts";
import { Refusal } from "./refusal.tsx";
import { Table } from "./table.tsx";
import { useTexts } from "./texts.ts";

type Code = Overview["failures"][number]["code"];

export function Failures({ counts }: { counts: Overview["failures"] }) {
  const { t } = useWords();
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const open = useSignal<Code | null>(null);

  async function retryAll(code: Code): Promise<void> {
    if (confirm(texts.retryAllSure(code))) problem.value = await act(() => ask(RetryFailedJobs, { code }));
  }

  return (
    <section class="card" aria-labelledby="failed-title">
      <h2 id="failed-title">{texts.failed}</h2>
      <Refusal problem={problem.value} />
      {counts.length === 0 && <p class="hint">{texts.noFailures}</p>}
      {counts.length > 0 && (
        <Table label={texts.failed} heads={[texts.code, texts.count, texts.actions]}>
          {counts.map(({ code, count }) => (
            <tr key={code}>
              <td>
                <strong>{code}</strong> <span class="hint">{t.failures[code]}</span>
              </td>
              <td class="numbers">{count}</td>
              <td>
                <div class="buttons">
                  <button
                    type="button"
                    aria-expanded={open.value === code}
                    aria-label={t.actionOn(open.value === code ? texts.hide : texts.show, code)}
                    onClick={() => (open.value = open.value === code ? null : code)}
                  >
                    {open.value === code ? texts.hide : texts.show}
                  </button>
                  <ActionButton aria-label={t.actionOn(texts.retryAll, code)} onAction={() => retryAll(code)}>
                    {texts.retryAll}
                  </ActionButton>
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {open.value && <Failed key={open.value} code={open.value} problem={problem} />}
    </section>
  );
}

function Failed({ code, problem }: { code: Code; problem: Signal<Problem | null> }) {
  const { t, failure: sentence, moment } = useWords();
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const read = useReading(ReadJobs, { status: ["FAILED"], code }, { polled: true });
  const jobs = read.answer?.edges.map(({ node }) => node) ?? [];
  return (
    <>
      <Refusal problem={read.problem} />
      <Table label={code} heads={[texts.file, texts.owner, texts.when, texts.why, texts.actions]}>
        {jobs.map(({ id, originalFileName: name, ownerEmail, completedAt, failure }) => (
          <tr key={id}>
            <td>{name}</td>
            <td>{ownerEmail}</td>
            <td class="numbers">{completedAt && moment(completedAt)}</td>
            <td>{failure && sentence(failure)}</td>
            <td>
              <div class="buttons">
                <ActionButton
                  aria-label={t.actionOn(texts.retry, name)}
                  onAction={async () => (problem.value = await act(() => ask(RetryJob, { id })))}
                >
                  {texts.retry}
                </ActionButton>
              </div>
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
