// Files to download: WAV, a ZIP of several, and the table of recipes that `generate` reads.

const RIFF = { riff: 0x46464952, wave: 0x45564157, fmt: 0x20746d66, data: 0x61746164 };

// A WAV file of 16 bits; `channels` are Float32Arrays in −1…1.
export function wavOf(channels, rate) {
  const count = channels.length;
  const frames = channels[0].length;
  const bytes = new DataView(new ArrayBuffer(44 + frames * count * 2));
  const header = [
    [4, RIFF.riff], [4, 36 + frames * count * 2], [4, RIFF.wave], [4, RIFF.fmt], [4, 16], [2, 1],
    [2, count], [4, rate], [4, rate * count * 2], [2, count * 2], [2, 16], [4, RIFF.data],
    [4, frames * count * 2],
  ];
  let at = 0;
  const put = (size, value) => {
    if (size === 4) bytes.setUint32(at, value, true);
    else bytes.setUint16(at, value, true);
    at += size;
  };
  for (const [size, value] of header) put(size, value);
  for (let i = 0; i < frames; i++) {
    for (const audio of channels) {
      const sample = Math.round(Math.min(1, Math.max(-1, audio[i])) * 32768);
      put(2, Math.min(32767, sample) & 0xffff);
    }
  }
  return new Uint8Array(bytes.buffer);
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// A ZIP of files that are not compressed (PKWARE's APPNOTE 6.3): `files` is [name, bytes] each.
export function zipOf(files) {
  const [parts, index] = [[], []];
  let at = 0;
  for (const [name, bytes] of files) {
    const title = new TextEncoder().encode(name);
    // Version 2.0, names in UTF-8, stored, on 1 January 1980, checksum, sizes, length of the name.
    const facts = [
      [2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, crc32(bytes)], [4, bytes.length],
      [4, bytes.length], [2, title.length], [2, 0],
    ];
    const local = packed([[4, 0x04034b50], ...facts]);
    const central = [[4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]];
    index.push(packed(central), title);
    parts.push(local, title, bytes);
    at += local.length + title.length + bytes.length;
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const counts = [[2, files.length], [2, files.length], [4, size], [4, at], [2, 0]];
  return new Blob([...parts, ...index, packed([[4, 0x06054b50], [2, 0], [2, 0], ...counts])]);
}

function packed(fields) {
  const bytes = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 4) bytes.setUint32(at, value, true);
    else bytes.setUint16(at, value, true);
    at += size;
  }
  return new Uint8Array(bytes.buffer);
}

// A table as `kwavegan generate --latents` reads it; nine digits give a float32 back exactly.
export function recipeTable(rows, dim) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["file", "label", ...Array.from({ length: dim }, (_, i) => `z${i}`)];
  const lines = rows.map(({ file, label, latent }) =>
    [file, label, ...Array.from(latent, (x) => String(Number(x.toPrecision(9))))].map(quoted).join(),
  );
  return [head.join(), ...lines, ""].join("\n");
}

// A name that file systems take.
export const fileName = (text) => text.replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^-+|-+$/g, "") || "sound";

export function download(name, content, type = "") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
