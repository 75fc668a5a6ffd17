// What the list says, in Portuguese.

import type { ListTexts } from "./list.en.ts";

const many = (count: number, one: string, more: string): string => `${count.toLocaleString("pt-BR")} ${count < 2 ? one : more}`;

export const list: ListTexts = {
  search: "Buscar pelo nome",
  states: "Estados",
  all: "Todos",
  sort: "Ordem",
  sorts: { newest: "Mais novos primeiro", oldest: "Mais antigos primeiro", name: "Por nome", largest: "Maiores primeiro", longest: "Mais longos primeiro" },
  dates: "Datas",
  from: "Enviados desde",
  to: "Enviados até",
  found: (count: number, more: boolean) => `${many(count, "vídeo", "vídeos")}${more ? " e outros" : ""}.`,
  nothing: "Nenhum vídeo corresponde.",
  showAll: "Mostrar todos os vídeos",
  choose: "Escolher",
  chooseAll: "Escolher todos os que aparecem",
  chooseNone: "Não escolher nenhum",
  chosen: (count: number) => `${many(count, "escolhido", "escolhidos")}`,
  download: (count: number) => `Baixar ${many(count, "ZIP", "ZIPs")}`,
  cancel: (count: number) => `Cancelar ${count.toLocaleString("pt-BR")}`,
  remove: (count: number) => `Excluir ${count.toLocaleString("pt-BR")}`,
  removed: (count: number) => many(count, "vídeo foi excluído.", "vídeos foram excluídos."),
  runs: (count: number) => `${many(count, "outro processamento", "outros processamentos")} deste arquivo`,
};
