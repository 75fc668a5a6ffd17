// Where nothing is yet: what happens next, and a film of ours to try it with.

import { useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import { ActionButton, Alert } from "../ui/controls.tsx";
import { useWords } from "../ui/page.ts";

/** Made by sample/make.py, by ffmpeg's own drawing: nobody else has a right in it. */
const SAMPLE = new URL("../sample.mp4", import.meta.url).href;

export function FirstVisit({ onSample }: { onSample: (sample: File) => void }) {
  const { firstVisit } = useWords().t;
  const problem = useSignal<Problem | null>(null);

  async function take(): Promise<void> {
    const answer = await fetch(SAMPLE).catch(() => null);
    const content = answer?.ok ? await answer.blob().catch(() => null) : null;
    problem.value = content ? null : { code: "NETWORK" };
    if (content) onSample(new File([content], firstVisit.sampleName, { type: "video/mp4" }));
  }

  return (
    <div class="first-visit">
      <div class="steps">
        {firstVisit.steps.map(([title, text]) => (
          <div key={title}>
            <h2>{title}</h2>
            <p class="hint">{text}</p>
          </div>
        ))}
      </div>
      <p>
        {firstVisit.noFilm} <ActionButton onAction={take}>{firstVisit.sample}</ActionButton>
      </p>
      <Alert problem={problem.value} />
    </div>
  );
}
