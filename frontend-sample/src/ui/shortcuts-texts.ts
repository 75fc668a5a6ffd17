// What the sheet of the shortcuts says; whoever does not open it does not load this.

import type { Language } from "../texts/words.ts";

const en = {
  on: "Single keys do this. Switch them off if you dictate, or press them by mistake.",
  groups: [
    { title: "Everywhere", keys: [["?", "Show these shortcuts"], ["U", "Choose videos"], ["Esc", "Close what is open"]] },
    {
      title: "Before an upload",
      keys: [
        ["Enter", "Start"],
        ["Space", "Play or pause"],
        ["← →", "To the frame before, or the next"],
        ["Shift ← →", "One second back, or on"],
        ["I", "The part starts here"],
        ["O", "The part ends here"],
        ["M", "Mark this instant"],
        ["Del", "Remove the instant that has the focus"],
      ],
    },
  ] as readonly { title: string; keys: readonly (readonly [string, string])[] }[],
};

const ptBR: typeof en = {
  on: "Teclas sozinhas fazem isto. Desligue se você dita textos ou as aperta sem querer.",
  groups: [
    { title: "Em toda parte", keys: [["?", "Mostrar estes atalhos"], ["U", "Escolher vídeos"], ["Esc", "Fechar o que está aberto"]] },
    {
      title: "Antes de um envio",
      keys: [
        ["Enter", "Começar"],
        ["Espaço", "Reproduzir ou pausar"],
        ["← →", "Ao quadro anterior, ou ao próximo"],
        ["Shift ← →", "Um segundo para trás, ou para a frente"],
        ["I", "O trecho começa aqui"],
        ["O", "O trecho termina aqui"],
        ["M", "Marcar este instante"],
        ["Del", "Remover o instante que tem o foco"],
      ],
    },
  ],
};

export const TEXTS: Readonly<Record<Language, typeof en>> = { en, "pt-BR": ptBR };
