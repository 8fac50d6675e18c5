// One sound through Web Audio: its pitch, decay, filter and level; live or into a file.

const LOWEST_HZ = 80;
const RELEASE = 0.005; // seconds, a fade that does not click

export const semitones = (pitch) => 2 ** (pitch / 12);
export const hertz = (filter, rate) => LOWEST_HZ * (rate / 2 / LOWEST_HZ) ** (filter / 100);
export const decaySeconds = (decay, seconds) => seconds * (decay / 100) ** 2;

// Start a sound at `when`; return a function that ends it at a time.
export function startVoice(context, out, buffer, shape, velocity, when) {
  const source = new AudioBufferSourceNode(context, { buffer, playbackRate: semitones(shape.pitch) });
  const gain = new GainNode(context, { gain: velocity * 10 ** (shape.level / 20) });
  let last = source;
  if (shape.filter < 100) {
    const frequency = hertz(shape.filter, buffer.sampleRate);
    last = last.connect(new BiquadFilterNode(context, { type: "lowpass", frequency, Q: 0.9 }));
  }
  last.connect(gain).connect(out);
  if (shape.decay < 100) {
    gain.gain.setValueAtTime(gain.gain.value, when);
    gain.gain.setTargetAtTime(0, when, decaySeconds(shape.decay, buffer.duration) / 3);
  }
  source.start(when);
  return (end) => {
    gain.gain.cancelScheduledValues(end);
    gain.gain.setTargetAtTime(0, end, RELEASE / 3);
    source.stop(end + RELEASE * 2);
  };
}

export class Player {
  constructor(sounds, kit) {
    Object.assign(this, { sounds, kit, voices: [] });
  }

  // The context is made at the first touch: a browser keeps one silent that was made before.
  get context() {
    if (!this.audio) {
      // At the rate of the sounds: a browser brings its output to that of the device with a better
      // filter than a source its buffer.
      this.audio = new AudioContext({ latencyHint: "interactive", sampleRate: this.sounds.rate });
      this.out = limiter(this.audio);
    }
    return this.audio;
  }

  wake() {
    if (this.context.state !== "running") this.context.resume();
  }

  // Play a pad, now or at a time of the context; its earlier sound ends.
  hit(index, velocity = 1, when = 0) {
    this.wake();
    const { latent, shape } = this.kit.pads[index];
    const time = Math.max(when, this.context.currentTime);
    this.voices[index]?.(time);
    const buffer = this.sounds.buffer(index, latent);
    this.voices[index] = startVoice(this.context, this.out, buffer, shape, velocity, time);
    this.kit.dispatchEvent(new CustomEvent("hit", { detail: { index, velocity, time, live: !when } }));
  }
}

// Keep several sounds at once from clipping.
export function limiter(context) {
  const node = new DynamicsCompressorNode(context, {
    threshold: -3, knee: 3, ratio: 16, attack: 0.002, release: 0.08,
  });
  node.connect(context.destination);
  return node;
}
