// A trained generator: from a latent and a label to a sound, as kwavegan.player plays it.

import { Product, Up, limitRms, relu } from "./layers.js";
import { Memory } from "./memory.js";
import { Pulses } from "./pulses.js";
import { Directions, Spectra, addGated, fillSweeps, directionOf } from "./parts.js";

export class Network {
  // `about` describes the network, `blob` holds its weights (Float32Array), `modules` the compiled
  // matmul.wasm and pcg64.wasm; without the first, JavaScript multiplies.
  constructor(about, blob, modules) {
    Object.assign(this, { about, memory: new Memory() });
    this.input = this.memory.reserve(about.dense.inner);
    this.dense = new Product(this.memory, about.dense, 1);
    this.spread = about.spread && new Product(this.memory, about.spread, 1);
    this.joined = about.spread && this.memory.reserve(about.spread.inner);
    let frames = about.first;
    this.ups = about.ups.map((up) => {
      const layer = new Up(this.memory, up, frames);
      frames = layer.frames;
      return layer;
    });
    const layers = [this.dense, this.spread, ...this.ups].filter(Boolean);
    if (about.frames) layers.push(...this.reserveFrames(about.frames));
    this.memory.open(modules.matmul);
    for (const layer of layers) layer.load(blob);
    this.embedding = blob.subarray(about.embedding.at, about.embedding.at + about.embedding.length);
    if (about.frames) this.openFrames(about.frames, blob, modules.pcg64);
  }

  reserveFrames(about) {
    this.directions = new Directions(this.memory, about);
    this.heads = {};
    for (const [name, head] of Object.entries(about.heads)) {
      this.heads[name] = new Product(this.memory, head, about.frames);
    }
    return Object.values(this.heads);
  }

  openFrames(about, blob, random) {
    const part = ({ at, length }) => blob.slice(at, at + length);
    const bands = { low: Int32Array.from(part(about.bandLow)), share: part(about.bandShare) };
    this.spectra = new Spectra(about, part(about.taper), bands);
    this.directions.load(random);
    const voice = about.voice;
    this.pulses = voice && new Pulses(about, part(voice.pitches), part(voice.cos), part(voice.sin));
  }

  // Return a Float32Array for each channel, in −1…1.
  sound(latent, label) {
    const { about } = this;
    const made = about.frames ? this.framed(latent, label) : this.sampled(latent, label);
    return made.map((audio) => {
      const sound = new Float32Array(about.length);
      for (let i = 0; i < sound.length; i++) sound[i] = withinOne(audio[i], about.linearTo);
      return sound;
    });
  }

  // Return the first frames of a latent and the embedding of its label, as a place.
  first(latent, label) {
    const { wide } = this.about.embedding;
    const own = this.embedding.subarray(label * wide, (label + 1) * wide);
    const input = this.input.values;
    input.set(latent);
    if (!this.spread) input.set(own, latent.length);
    const units = this.dense.run(this.input);
    if (!this.spread) return units;
    const joined = this.joined.values;
    joined.set(units.values.subarray(0, this.dense.columns));
    joined.set(own, this.dense.columns);
    relu(joined);
    return this.spread.run(this.joined);
  }

  sampled(latent, label) {
    let x = this.first(latent, label);
    for (const up of this.ups) {
      relu(x.values);
      x = up.run(x);
    }
    const { channels } = this.about;
    return Array.from({ length: channels }, (_, channel) =>
      Float32Array.from({ length: x.length / channels }, (_, i) => x.values[i * channels + channel]),
    );
  }

  framed(latent, label) {
    let x = this.first(latent, label);
    relu(x.values);
    for (const up of this.ups) {
      x = up.run(x);
      relu(x.values);
    }
    limitRms(x.values, this.ups.at(-1).filters, this.about.frames.frameRms);
    const heads = {};
    for (const [name, head] of Object.entries(this.heads)) {
      heads[name] = { values: head.run(x).values, wide: head.wide };
    }
    const about = this.about.frames;
    const direction = directionOf(Float64Array.from(latent), about.shortest);
    this.directions.vary(direction, heads);
    const own = this.directions.tones(direction);
    const noises = this.directions.noises(direction);
    const pulses = this.pulses && this.pulses.bins(direction);
    const channels = Array.from({ length: about.channels }, (_, channel) =>
      this.synthesized(about, channel, heads, own, noises, pulses),
    );
    return about.channels === 1 ? channels : leftAndRight(channels);
  }

  synthesized(about, channel, heads, own, noises, pulses) {
    const { spectra } = this;
    const out = new Float32Array(about.frames * about.hop);
    const sweeps = new Float32Array(out.length);
    spectra.run(channel, heads, own, noises, pulses);
    fillSweeps(about, channel, heads, sweeps);
    addGated(about, heads.tones_openness, spectra.tones, out);
    addGated(about, heads.noise_openness, spectra.noise, out);
    addGated(about, heads.sweeps_openness, sweeps, out);
    return out;
  }
}

// Samples up to a limit are left as they are; louder ones are bent to stay within 1.
function withinOne(x, linearTo) {
  const straight = Math.min(linearTo, Math.max(-linearTo, x));
  return straight + (1 - linearTo) * Math.tanh((x - straight) / (1 - linearTo));
}

function leftAndRight([middle, side]) {
  return [middle.map((x, i) => x + side[i]), middle.map((x, i) => x - side[i])];
}
