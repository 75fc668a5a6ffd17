// What is being processed, and how far it is.

import { useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import { ActionButton } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { useBoard, useReading } from "./board.ts";
import { CancelJob, ReadJobs, ReleaseJob } from "./jobs.ts";
import { Refusal } from "./refusal.tsx";
import { Table } from "./table.tsx";
import { useTexts } from "./texts.ts";

export function Running() {
  const { t, number } = useWords();
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const read = useReading(ReadJobs, { status: ["PROCESSING"], code: null }, { polled: true });

  async function release(id: string, name: string): Promise<void> {
    if (confirm(texts.releaseSure(name))) problem.value = await act(() => ask(ReleaseJob, { id }));
  }

  async function cancel(id: string, name: string): Promise<void> {
    if (confirm(texts.stopSure(name))) problem.value = await act(() => ask(CancelJob, { id }));
  }

  const jobs = read.answer?.edges.map(({ node }) => node) ?? [];
  return (
    <section class="card" aria-labelledby="running-title">
      <h2 id="running-title">{texts.jobs}</h2>
      <Refusal problem={problem.value ?? read.problem} />
      {read.answer && jobs.length === 0 && <p class="hint">{texts.noJobs}</p>}
      {jobs.length > 0 && (
        <Table label={texts.jobs} heads={[texts.file, texts.owner, texts.attempt, texts.progress, texts.actions]}>
          {jobs.map(({ id, originalFileName: name, ownerEmail, attempt, progress: { percent } }) => (
            <tr key={id}>
              <td>{name}</td>
              <td>{ownerEmail}</td>
              <td class="numbers">{attempt}</td>
              <td class="numbers">
                <progress max={100} value={percent} aria-label={t.actionOn(texts.progress, name)} />{" "}
                {number(Math.floor(percent) / 100, { style: "percent" })}
              </td>
              <td>
                <div class="buttons">
                  <ActionButton aria-label={t.actionOn(texts.release, name)} onAction={() => release(id, name)}>
                    {texts.release}
                  </ActionButton>
                  <ActionButton aria-label={t.actionOn(texts.stop, name)} onAction={() => cancel(id, name)}>
                    {texts.stop}
                  </ActionButton>
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
