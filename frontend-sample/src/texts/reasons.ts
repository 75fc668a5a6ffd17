// How Portuguese says the service's own sentences.

import type { Saying } from "./sayings.ts";

const CONTENT: Record<string, string> = {
  "a picture": "uma imagem",
  sound: "som",
  text: "texto",
  "a ZIP archive": "um arquivo ZIP",
  "an archive": "um arquivo compactado",
  "a PDF document": "um documento PDF",
  "a playlist": "uma lista de reprodução",
  "a RealMedia film": "um vídeo RealMedia",
  "an MXF film": "um vídeo MXF",
  "an MPEG film without a container": "um vídeo MPEG sem contêiner",
  "a web page": "uma página da web",
  "a program": "um programa",
  "not a video that can be processed": "algo que não é um vídeo que possamos processar",
};

/** Lists end with this word in English, and seconds have a point. */
const portuguese = (text: string): string => text.replace(/ or (?=\S+$)/, " ou ").replace(/(\d)\.(\d)/g, "$1,$2");

const SENTENCES: Readonly<Record<Saying, (...found: string[]) => string>> = {
  encrypted: () => "Este vídeo está criptografado (protegido contra cópia); envie um arquivo sem proteção.",
  lostZip: () => "O serviço perdeu o ZIP deste vídeo e o arquivo enviado; envie-o de novo.",
  noSpace: () => "O serviço ficou sem espaço para este vídeo por muito tempo; tente de novo mais tarde.",
  storedTooMuch: () =>
    "Seus arquivos e ZIPs ocupariam mais do que você pode guardar aqui; exclua alguns vídeos e processe este de novo.",
  stopped: () => "Um operador do serviço cancelou o processamento deste vídeo.",
  joined: () => "Este arquivo junta vários vídeos em um só; envie-os um a um.",
  cutOff: () => "Este arquivo termina antes do fim do vídeo: o envio ou a gravação foi interrompida.",
  unknownCodec: (codec, others) =>
    `Este vídeo está codificado em ${codec}, que não podemos decodificar; podemos decodificar ${others} e outros.`,
  strangeCodec: (others) => `Este vídeo está codificado de uma forma que não conhecemos; podemos decodificar ${others} e outros.`,
  noContainer: (accepted) => `Este arquivo não é um vídeo em um formato que possamos ler; envie ${accepted}.`,
  otherContent: (ending, content, accepted) =>
    `Este arquivo se chama ${ending}, mas seu conteúdo é ${CONTENT[content!] ?? content}. Envie um vídeo em ${accepted}.`,
  empty: () => "Este arquivo está vazio.",
  startAfterEnd: (length) => `O início escolhido fica depois do fim deste vídeo, que dura ${length}.`,
  noKeyPicture: (length) => `Este vídeo dura ${length} e não tem nenhum quadro-chave na parte escolhida.`,
  noInstant: (length) => `Este vídeo dura ${length}, e nenhum dos instantes pedidos está nele.`,
  noInstantInPart: (length) => `Este vídeo dura ${length}, e nenhum dos instantes pedidos está na parte escolhida.`,
  allBlack: (length) => `Este vídeo dura ${length}, e todas as imagens examinadas são pretas.`,
  tooManySeen: () => "Seria preciso comparar imagens demais: peça menos, ou de uma parte do vídeo.",
  tooLargeBox: (size) => `Uma imagem de ${size} pixels é maior do que o serviço permite.`,
  damaged: (time) => `Este vídeo está danificado: o quadro em ${time} não pode ser decodificado.`,
};

/** A saying with what was found in it. */
export function inPortuguese(saying: Saying, found: readonly string[]): string {
  return SENTENCES[saying](...found.map(portuguese));
}
