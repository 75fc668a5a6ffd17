// How much there is to do, and who does it.

import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { ActionButton } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { doneFields, useBoard } from "./board.ts";
import type { Overview } from "./overview.ts";
import { Refusal } from "./refusal.tsx";
import { Table } from "./table.tsx";
import { useTexts } from "./texts.ts";

export const SetPaused = graphql(
  `mutation SetPaused($paused: Boolean!, $user: ID) {
    setPaused(paused: $paused, user: $user) { __typename ...DoneFields ...ProblemFields }
  }`,
  [doneFields, problemFields],
);

export function Work({ overview }: { overview: Overview }) {
  const { moment, number, size } = useWords();
  const { ask } = usePage();
  const { act } = useBoard();
  const texts = useTexts();
  const problem = useSignal<Problem | null>(null);
  const { allPaused } = overview;

  async function pause(): Promise<void> {
    if (!allPaused && !confirm(texts.pauseAllSure)) return;
    problem.value = await act(() => ask(SetPaused, { paused: !allPaused, user: null }));
  }

  const facts: readonly (readonly [string, string])[] = [
    [texts.waiting, number(overview.pending)],
    [texts.running, number(overview.processing)],
    [texts.oldest, overview.oldestPending ? moment(overview.oldestPending) : texts.none],
    [texts.bytes, size(overview.pendingBytes)],
    [texts.paused, number(overview.paused)],
    [texts.runOut, number(overview.expiredLeases)],
  ];
  return (
    <section class="card" aria-labelledby="work-title">
      <div class="list-head">
        <h2 id="work-title">{texts.work}</h2>
        <ActionButton onAction={pause}>{allPaused ? texts.resumeAll : texts.pauseAll}</ActionButton>
      </div>
      {allPaused && <p class="problem">{texts.allPaused}</p>}
      <Refusal problem={problem.value} />
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="numbers">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Workers({ workers }: Pick<Overview, "workers">) {
  const texts = useTexts();
  return (
    <section class="card" aria-labelledby="workers-title">
      <h2 id="workers-title">{texts.workers}</h2>
      {workers === null && <p class="hint">{texts.queueAway}</p>}
      {workers?.length === 0 && <p class="problem">{texts.noWorkers}</p>}
      {workers !== null && workers.length > 0 && (
        <Table label={texts.workers} heads={[texts.worker, texts.slots, texts.running]}>
          {workers.map(({ name, slots, running }) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="numbers">{slots}</td>
              <td class="numbers">{running}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
