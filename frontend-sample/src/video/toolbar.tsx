// What is chosen, and what can be done with it.

import { sizeOf } from "../state/runs.ts";
import { allChosen, noneChosen } from "../state/viewing.ts";
import { ActionButton } from "../ui/controls.tsx";
import { useWords } from "../ui/page.ts";
import { useVideoTexts } from "./texts.ts";
import { useView, useViewing } from "./view.ts";
import { Matter, useWaysOut } from "./ways-out.tsx";

/** It stays on the screen while the gallery goes by. */
export function Toolbar({ count }: { count: number }) {
  const texts = useVideoTexts();
  const { t, number } = useWords();
  const choice = useView().store.part("choice");
  const { ways, save, matter } = useWaysOut();
  const chosen = useViewing((viewing) => sizeOf(viewing.choice.chosen));
  return (
    <div class="gallery-bar" role="toolbar" aria-label={texts.choose}>
      <p role="status">{chosen > 0 ? texts.chosen(chosen, number(chosen)) : t.frameCount(count)}</p>
      <span class="space" />
      {chosen > 0 && (
        <ActionButton class="primary" onAction={() => save(ways.chosen(choice.now().chosen))}>{texts.saveChosen}</ActionButton>
      )}
      {chosen < count && <button type="button" onClick={() => choice.change(allChosen, count)}>{texts.chooseAll}</button>}
      {chosen > 0 && <button type="button" onClick={() => choice.change(noneChosen)}>{texts.chooseNone}</button>}
      <Matter text={matter} />
    </div>
  );
}
