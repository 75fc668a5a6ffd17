// What is said before an upload; whoever chooses no file does not load this.

import type { Language } from "../../texts/words.ts";
import { useWords } from "../../ui/page.ts";

const many = (count: number, one: string, more: string): string => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
const muitos = (count: number, one: string, more: string): string => `${count.toLocaleString("pt-BR")} ${count < 2 ? one : more}`;

const en = {
  title: (count: number) => `${many(count, "video", "videos")} to send`,
  film: "The film",
  files: "Videos to send",
  leaveOut: "Leave out",
  ownOptions: "Options of its own",
  wrongHere: "Something is wrong with its options",
  notPlayed: "This browser cannot play this film. All else works: mark on the line below, or type times.",
  notLookedAt: "This browser cannot play this film, and how long it is shows once it is sent. Times can be typed.",
  play: "Play",
  pause: "Pause",
  startHere: "Start here",
  endHere: "End here",
  markHere: "Mark this instant",
  timeline: { start: "Start of the part", end: "End of the part", playhead: "Place in the film", instant: (place: number) => `Instant ${place}` },
  instants: (count: number) => many(count, "instant", "instants"),
  goToInstant: (time: string) => `Go to ${time}`,
  removeInstant: (time: string) => `Remove the instant ${time}`,
  options: "Which frames, and how",
  scope: "Options for",
  forAll: (count: number) => `For all ${count}`,
  forOne: (name: string) => `Only for ${name}`,
  presets: { title: "Preset", none: "None", keep: "Keep these options as a preset", name: "Name of the preset", forget: "Delete preset" },
  start: (count: number) => (count === 1 ? "Start" : `Start all ${count}`),
  about: (frames: string) => `about ${frames}`,
  atMost: (frames: string) => `at most ${frames}`,
  zip: (size: string) => `ZIP of about ${size}`,
  time: (time: string) => `ready in about ${time}`,
  timeAfter: (time: string) => `about ${time} once it is sent`,
  mend: "Mend what is wrong to see what comes of it",
  notKnown: "How many frames shows once it is sent",
  open: (count: number) => `and ${many(count, "video", "videos")} of which that shows once sent`,
  wrong: {
    missing: "Fill this in.",
    number: "This is no number.",
    whole: "This must be a whole number.",
    instants: "Seconds, each later than the last, at most 500 of them.",
    order: "The end must be later than the start.",
    beyond: "The film has ended by then.",
    sceneAndInstants: "Of this film this choice cannot go together with single instants: choose another, or remove the instants.",
    range: (least: string, most: string) => `From ${least} to ${most}.`,
    least: (least: string) => `At least ${least}.`,
    tooMany: (found: string, most: string) => `These would be ${found} frames; at most ${most} can be taken like this.`,
  },
};

export type ReviewTexts = typeof en;

const ptBR: ReviewTexts = {
  title: (count) => `${muitos(count, "vídeo", "vídeos")} para enviar`,
  film: "O filme",
  files: "Vídeos para enviar",
  leaveOut: "Deixar de fora",
  ownOptions: "Opções próprias",
  wrongHere: "Algo está errado nas opções dele",
  notPlayed: "Este navegador não reproduz este filme. Todo o resto funciona: marque na linha abaixo, ou digite os tempos.",
  notLookedAt: "Este navegador não reproduz este filme, e a duração só aparece depois do envio. Os tempos podem ser digitados.",
  play: "Reproduzir",
  pause: "Pausar",
  startHere: "Começa aqui",
  endHere: "Termina aqui",
  markHere: "Marcar este instante",
  timeline: { start: "Início do trecho", end: "Fim do trecho", playhead: "Lugar no filme", instant: (place) => `Instante ${place}` },
  instants: (count) => muitos(count, "instante", "instantes"),
  goToInstant: (time) => `Ir para ${time}`,
  removeInstant: (time) => `Remover o instante ${time}`,
  options: "Quais quadros, e como",
  scope: "Opções para",
  forAll: (count) => `Para todos os ${count}`,
  forOne: (name) => `Só para ${name}`,
  presets: { title: "Predefinição", none: "Nenhuma", keep: "Guardar estas opções como predefinição", name: "Nome da predefinição", forget: "Excluir predefinição" },
  start: (count) => (count === 1 ? "Começar" : `Começar os ${count}`),
  about: (frames) => `cerca de ${frames}`,
  atMost: (frames) => `no máximo ${frames}`,
  zip: (size) => `ZIP de cerca de ${size}`,
  time: (time) => `pronto em cerca de ${time}`,
  timeAfter: (time) => `cerca de ${time} depois do envio`,
  mend: "Corrija o que está errado para ver o resultado",
  notKnown: "O número de quadros aparece depois do envio",
  open: (count) => `e ${muitos(count, "vídeo", "vídeos")} de que isso aparece depois do envio`,
  wrong: {
    missing: "Preencha este campo.",
    number: "Isto não é um número.",
    whole: "Precisa ser um número inteiro.",
    instants: "Segundos, cada um depois do anterior, no máximo 500.",
    order: "O fim precisa vir depois do início.",
    beyond: "O filme já terminou nesse ponto.",
    sceneAndInstants: "Neste filme, esta escolha não combina com instantes marcados: escolha outra, ou remova os instantes.",
    range: (least, most) => `De ${least} a ${most}.`,
    least: (least) => `No mínimo ${least}.`,
    tooMany: (found, most) => `Seriam ${found} quadros; desta forma, no máximo ${most} podem ser extraídos.`,
  },
};

const TEXTS: Readonly<Record<Language, ReviewTexts>> = { en, "pt-BR": ptBR };

export const reviewTexts = (language: Language): ReviewTexts => TEXTS[language];

export function useReviewTexts(): ReviewTexts {
  return reviewTexts(useWords().language);
}
