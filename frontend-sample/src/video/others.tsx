// A video without frames: they are still to come, or there are none, and what to do then.

import { useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import type { Viewed } from "../api/viewed.ts";
import { ActionButton, Alert, Link } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { Arriving } from "./arriving.tsx";
import { useVideoTexts } from "./texts.ts";

export function Running({ video: { id, status, progress, storyboard } }: { video: Viewed }) {
  const { t, number } = useWords();
  const texts = useVideoTexts();
  const { list } = usePage();
  const problem = useSignal<Problem | null>(null);
  const { percent, framesExtracted: done, framesExpected: all } = progress;
  const frames = all ? t.framesOf(number(done), number(Math.max(all, done))) : t.frameCount(done);
  const isProcessing = status === "PROCESSING";
  return (
    <>
      <section class="card running" data-state={status}>
        <p class="status">
          <span class="dot" />
          <strong>{t.status[status]}</strong>
          {isProcessing && <span class="numbers">{Math.floor(percent)} % · {frames}</span>}
        </p>
        {isProcessing && (
          <div class="bar" role="progressbar" aria-label={t.status[status]} aria-valuenow={Math.floor(percent)}>
            <div style={{ transform: `scaleX(${percent / 100})` }} />
          </div>
        )}
        <p class="hint">{texts.running}</p>
        <Alert problem={problem.value} />
        <p>
          <ActionButton onAction={async () => (problem.value = await list.stop(id))}>{t.cancel}</ActionButton>
        </p>
      </section>
      <Arriving board={storyboard} />
    </>
  );
}

export function Failed({ video: { id, failure }, expired }: { video: Viewed; expired: boolean }) {
  const { t, failure: failureSentence } = useWords();
  const texts = useVideoTexts();
  const { list, go } = usePage();
  const problem = useSignal<Problem | null>(null);
  const isCanceled = failure?.code === "CANCELED";

  async function again(): Promise<void> {
    const outcome = await list.reprocess(id);
    problem.value = outcome.problem;
    if (outcome.answer) go(`/videos/${outcome.answer.id}`);
  }

  return (
    <section class="card failed" data-state={isCanceled ? "CANCELED" : expired ? "EXPIRED" : "FAILED"}>
      <h2>{isCanceled ? t.status.CANCELED : expired ? texts.expiredTitle : texts.failedTitle}</h2>
      {failure && <p class={isCanceled ? "" : "problem"}>{failureSentence(failure)}</p>}
      <p>{expired ? texts.expiredHint : isCanceled && texts.canceledHint}</p>
      <Alert problem={problem.value} />
      {expired ? (
        <p>
          <Link to="/" class="button primary">{texts.sendAgain}</Link>
        </p>
      ) : (failure?.retryable || isCanceled) && (
        <p>
          <ActionButton class="primary" onAction={again}>{isCanceled ? t.again : t.retry}</ActionButton>
        </p>
      )}
    </section>
  );
}
