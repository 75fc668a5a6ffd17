// How much the viewer keeps here, of how much, and for how long.

import { graphql } from "../api/graphql.ts";
import { Alert } from "../ui/controls.tsx";
import { useAnswer, useWords } from "../ui/page.ts";
import { useTexts } from "./texts.ts";

const ReadStored = graphql(`query Stored { me { id storedBytes maxStoredBytes } }`);

const ReadRetention = graphql(`query Retention { serviceLimits { retentionDays } }`);

/** A share from which on a meter warns: soon nothing more is taken. */
const NEARLY_FULL = 0.9;

export function Stored() {
  const texts = useTexts();
  const { size } = useWords();
  const [me] = useAnswer(ReadStored, {});
  const [limits] = useAnswer(ReadRetention, {});
  if (!me?.answer) return me && <Alert problem={me.problem} />;
  const { storedBytes, maxStoredBytes } = me.answer;
  const kept = (days: number | null): string => (days === null ? texts.keptForever : texts.keptFor(days));
  return (
    <section class="card">
      <h3>{texts.storage}</h3>
      {maxStoredBytes !== null && (
        <meter value={storedBytes} max={maxStoredBytes} high={NEARLY_FULL * maxStoredBytes} optimum={0} aria-label={texts.storage} />
      )}
      <p>{maxStoredBytes === null ? texts.stored(size(storedBytes)) : texts.storedOf(size(storedBytes), size(maxStoredBytes))}</p>
      {limits?.answer && <p class="hint">{kept(limits.answer.retentionDays)}</p>}
    </section>
  );
}
