// The service's own sentences, which name what is wrong with one file. They come in English; this is how Portuguese says them.

type Saying = readonly [said: RegExp, inPortuguese: (...found: string[]) => string];

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

const SAYINGS: readonly Saying[] = [
  [
    /^This video is encrypted .+$/,
    () => "Este vídeo está criptografado (protegido contra cópia); envie um arquivo sem proteção.",
  ],
  [
    /^The service lost the ZIP .+$/,
    () => "O serviço perdeu o ZIP deste vídeo e o arquivo enviado; envie-o de novo.",
  ],
  [
    /^The service had no space .+$/,
    () => "O serviço ficou sem espaço para este vídeo por muito tempo; tente de novo mais tarde.",
  ],
  [
    /^Your files and ZIPs would .+$/,
    () => "Seus arquivos e ZIPs ocupariam mais do que você pode guardar aqui; exclua alguns vídeos e processe este de novo.",
  ],
  [
    /^This file is several .+$/,
    () => "Este arquivo junta vários vídeos em um só; envie-os um a um.",
  ],
  [
    /^This file ends before .+$/,
    () => "Este arquivo termina antes do fim do vídeo: o envio ou a gravação foi interrompida.",
  ],
  [
    /^This video is encoded in (.+), which cannot be decoded here; (.+) and .+$/,
    (codec, others) => `Este vídeo está codificado em ${codec}, que não podemos decodificar; podemos decodificar ${others} e outros.`,
  ],
  [
    /^This video is encoded in a way that is not known here; (.+) and .+$/,
    (others) => `Este vídeo está codificado de uma forma que não conhecemos; podemos decodificar ${others} e outros.`,
  ],
  [
    /^This file is no video in a format that is read here; send (.+)\.$/,
    (accepted) => `Este arquivo não é um vídeo em um formato que possamos ler; envie ${accepted}.`,
  ],
  [
    /^This file is named (\S+) but its content is (.+?)\. Send a film in (.+)\.$/,
    (ending, content, accepted) => `Este arquivo se chama ${ending}, mas seu conteúdo é ${CONTENT[content!] ?? content}. Envie um vídeo em ${accepted}.`,
  ],
  [/^This file is empty\.$/, () => "Este arquivo está vazio."],
  [
    /^The chosen start is later than the end of this video, which is (.+) long\.$/,
    (length) => `O início escolhido fica depois do fim deste vídeo, que dura ${length}.`,
  ],
  [
    /^This video is (.+) long and has no key .+$/,
    (length) => `Este vídeo dura ${length} e não tem nenhum quadro-chave na parte escolhida.`,
  ],
  [
    /^This video is (.+) long, and none of the times asked for is in it\.$/,
    (length) => `Este vídeo dura ${length}, e nenhum dos instantes pedidos está nele.`,
  ],
  [
    /^This video is (.+) long, and none of the times asked for is in the chosen part of it\.$/,
    (length) => `Este vídeo dura ${length}, e nenhum dos instantes pedidos está na parte escolhida.`,
  ],
  [
    /^This video is damaged: its picture at (.+) cannot be decoded\.$/,
    (time) => `Este vídeo está danificado: o quadro em ${time} não pode ser decodificado.`,
  ],
];

/** The sentence in one of the page's languages; undefined where it is none that names more than a code does. */
export function named(reason: string, language: "en" | "pt-BR"): string | undefined {
  for (const [said, inPortuguese] of SAYINGS) {
    const found = said.exec(reason);
    if (found) return language === "en" ? reason : inPortuguese(...found.slice(1).map(portuguese));
  }
  return undefined;
}
