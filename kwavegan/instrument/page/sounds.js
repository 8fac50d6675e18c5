// Sounds of latents, kept for as long as they are likely to be heard again.

const KEPT = 128;
const SLOWEST = 8000; // Hz, the lowest rate that every browser plays

export class Sounds {
  constructor(network, about) {
    Object.assign(this, { network, about, made: new Map() });
    // A browser plays no sound below 8 kHz: it gets a few samples for each.
    this.times = Math.ceil(SLOWEST / about.rate);
    this.rate = about.rate * this.times;
  }

  // Return a Float32Array for each channel.
  channels(pad, latent) {
    const key = `${pad}:${latent.join()}`;
    const found = this.made.get(key) ?? this.network.sound(latent, pad);
    this.made.delete(key);
    this.made.set(key, found);
    if (this.made.size > KEPT) this.made.delete(this.made.keys().next().value);
    return found;
  }

  // Return it as an AudioBuffer, at `this.rate`.
  buffer(pad, latent) {
    const channels = this.channels(pad, latent);
    if (!channels.buffer) {
      channels.buffer = new AudioBuffer({
        numberOfChannels: channels.length,
        length: channels[0].length * this.times,
        sampleRate: this.rate,
      });
      channels.forEach((audio, i) => channels.buffer.copyToChannel(stretched(audio, this.times), i));
    }
    return channels.buffer;
  }
}

function stretched(audio, times) {
  if (times === 1) return audio;
  return Float32Array.from({ length: audio.length * times }, (_, i) => {
    const at = Math.floor(i / times);
    const next = at + 1 < audio.length ? audio[at + 1] : 0;
    return audio[at] + ((next - audio[at]) * (i % times)) / times;
  });
}

// How bright and how long a sound is, for the colours of the map.
export function character([audio]) {
  let energy = 1e-9;
  let change = 0;
  let moment = 0;
  for (let i = 1; i < audio.length; i++) {
    const square = audio[i] * audio[i];
    energy += square;
    change += (audio[i] - audio[i - 1]) ** 2;
    moment += square * i;
  }
  return { bright: Math.log(change / energy + 1e-9), long: moment / energy };
}
