// What a sound of frames is made of: tones, noise and sweeps, each behind its gate.
//
// The same numbers as kwavegan.player.parts, which has them in NumPy; see there, and the layers
// that it names, for what they mean.

import { Inverse, cosine, sine } from "./fourier.js";
import { Normals } from "./random.js";

// Signs of real and imaginary part after 0 to 3 quarters of a turn: 1, i, -1, -i times c + id is
// c + id, -d + ic, -c - id, d - ic.
const SIGNS = [1, -1, -1, 1];

const clip = (x, [low, high]) => Math.min(high, Math.max(low, x));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const tanh = (x) => 1 - 2 / (1 + Math.exp(2 * x));

// A latent with length 1.
export function directionOf(latent, shortest) {
  const squares = latent.reduce((sum, x) => sum + x * x, shortest);
  return latent.map((x) => x / Math.sqrt(squares));
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// A direction times a table with a row for each of its values.
export function along(direction, table) {
  const own = new Float32Array(table.length / direction.length);
  direction.forEach((share, k) => {
    const row = k * own.length;
    for (let i = 0; i < own.length; i++) own[i] += share * table[row + i];
  });
  return own;
}

// Own tunings and levels of the tones, and noise: sums of directions drawn once for all sounds.
export class Directions {
  constructor(memory, about) {
    const { latentDim, channels, bins, rows, turns } = about;
    Object.assign(this, { memory, about, noiseWide: rows * channels * 2 * bins });
    this.ofTones = new Float32Array(latentDim * 2 * channels * bins);
    this.ofLevels = new Float32Array(latentDim * about.variations);
    this.table = memory.reserve(latentDim * this.noiseWide);
    this.turned = memory.reserve(turns * latentDim);
    this.noise = memory.reserve(turns * this.noiseWide);
  }

  load(random) {
    const { latentDim, turns, noiseState, tonesState, variationsState } = this.about;
    const own = new Normals(tonesState, random);
    for (let i = 0; i < this.ofTones.length; i++) this.ofTones[i] = own.next();
    const variations = new Normals(variationsState, random);
    for (let i = 0; i < this.ofLevels.length; i++) this.ofLevels[i] = variations.next();
    const normals = new Normals(noiseState, random);
    const table = this.table.values;
    for (let k = 0; k < latentDim; k++) {
      for (let i = 0; i < this.noiseWide; i++) {
        table[8 * ((i >> 3) * latentDim + k) + (i & 7)] = normals.next();
      }
    }
    this.signs = Float32Array.from({ length: turns * latentDim }, () => Math.sign(normals.next()));
  }

  // Return how far the tone of each bin of each channel is from its centre, before its limit, and
  // then how loud each is among the others.
  tones(direction) {
    return along(direction, this.ofTones);
  }

  // Add to the levels of each part what the latent draws, times how much that is.
  vary(direction, heads) {
    const own = along(direction, this.ofLevels);
    for (const [part, name] of Object.entries(this.about.levels)) {
      const worth = heads[`${part}_variation`];
      const levels = heads[name];
      for (let frame = 0; frame < this.about.frames; frame++) {
        let added = 0;
        own.forEach((x, i) => (added += x * worth.values[frame * worth.wide + i]));
        const at = frame * levels.wide;
        for (let i = 0; i < levels.wide; i++) levels.values[at + i] += added;
      }
    }
  }

  // Return the noise (frames, channels, 2, bins) of level 1.
  noises(direction) {
    const { latentDim, turns } = this.about;
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < latentDim; i++) {
        const from = (((i - turn) % latentDim) + latentDim) % latentDim;
        this.turned.values[turn * latentDim + i] =
          direction[from] * this.signs[turn * latentDim + i];
      }
    }
    this.noise.values.fill(0);
    this.memory.multiply(
      this.turned, this.table, this.noise, turns, latentDim, this.noiseWide / 8,
    );
    return this.noise.values;
  }
}

// Tones and noise of one channel: both through one complex transform a frame, the tones in its real
// part and the noise in its imaginary part.
export class Spectra {
  constructor(about, taper, bands) {
    const { hop, frames } = about;
    Object.assign(this, { about, taper: taper.map((x) => x / (4 * hop)), bands });
    this.inverse = new Inverse(4 * hop);
    this.tones = new Float32Array(frames * hop);
    this.noise = new Float32Array(frames * hop);
    this.sizes = new Float64Array(about.bins);
    this.voiced = new Float64Array(about.bins);
    this.turns = new Float64Array(about.bins);
  }

  // `pulses` are the bins of a voice (frames, 2, bins), or null.
  run(channel, heads, own, noises, pulses) {
    this.tones.fill(0);
    this.noise.fill(0);
    for (let bin = 0; bin < this.turns.length; bin++) {
      const tuning = own[channel * this.turns.length + bin];
      this.turns[bin] = tuning - Math.floor(tuning);
    }
    for (let frame = 0; frame < this.about.frames; frame++) {
      this.level(channel, heads, frame);
      this.fill(channel, heads, own, noises, pulses, frame);
      this.inverse.run();
      this.lay(frame);
    }
  }

  // The loudness of the noise in each bin, and of a voice, from that in each band.
  level(channel, heads, frame) {
    const { noiseBands, voice } = this.about;
    const { values, wide } = heads.noise_levels;
    const at = frame * wide + channel * noiseBands;
    const levels = Array.from({ length: noiseBands }, (_, i) => values[at + i]);
    if (!voice) return this.spread(levels, this.sizes);
    const limit = voice.voicingLimit;
    const logits = levels.map((_, i) => limit * tanh(heads.voicing_in_bands.values[at + i] / limit));
    this.spread(levels.map((level, i) => level - softplus(logits[i])), this.sizes);
    return this.spread(levels.map((level, i) => level - softplus(-logits[i])), this.voiced);
  }

  spread(levels, sizes) {
    const { low, share } = this.bands;
    const loud = levels.map((level) => Math.exp(clip(level, this.about.noiseLimits)));
    for (let bin = 0; bin < low.length; bin++) {
      const next = Math.min(low[bin] + 1, loud.length - 1);
      sizes[bin] = loud[low[bin]] * (1 - share[bin]) + loud[next] * share[bin];
    }
  }

  fill(channel, heads, own, noises, pulses, frame) {
    const { bins, channels, farthest, toneLimits } = this.about;
    const { re, im, order, size } = this.inverse;
    const { sizes, voiced, turns } = this;
    const x = heads.bins.values;
    const at = frame * heads.bins.wide + channel * 3 * bins;
    const levels = heads.tone_levels.values;
    const levelsAt = frame * heads.tone_levels.wide + channel * bins;
    const spread = heads.tone_spreads.values[frame * heads.tone_spreads.wide + channel];
    const loudness = (channels + channel) * bins;
    const noise = (frame * channels + channel) * 2 * bins;
    re[0] = im[0] = 0;
    for (let bin = 0; bin < bins; bin++) {
      const k = bin + 1;
      const quarters = (frame * k) & 3;
      let turned = turns[bin] + tanh(x[at + 2 * bins + bin] + own[channel * bins + bin]) * farthest;
      turned -= Math.floor(turned);
      turns[bin] = turned;
      turned += quarters / 4;
      if (turned >= 1) turned -= 1;
      const level = levels[levelsAt + bin] + spread * own[loudness + bin];
      const loud = Math.exp(clip(level, toneLimits));
      const cos = cosine(turned) * loud;
      const sin = sine(turned) * loud;
      const along = 1 + x[at + bin];
      const real = along * cos - x[at + bins + bin] * sin;
      const imaginary = along * sin + x[at + bins + bin] * cos;
      // The noise turns by whole quarters alone: its parts change places and signs.
      const odd = (frame * k) & 1;
      let c = sizes[bin] * SIGNS[quarters] * noises[noise + (odd ? bins : 0) + bin];
      let d = sizes[bin] * SIGNS[(quarters + 3) & 3] * noises[noise + (odd ? 0 : bins) + bin];
      if (pulses) {
        c += voiced[bin] * pulses[frame * 2 * bins + bin];
        d += voiced[bin] * pulses[(frame * 2 + 1) * bins + bin];
      }
      if (k === bins) {
        re[order[k]] = real;
        im[order[k]] = c;
      } else {
        re[order[k]] = real - d;
        im[order[k]] = imaginary + c;
        re[order[size - k]] = real + d;
        im[order[size - k]] = c - imaginary;
      }
    }
  }

  // Add a window to the sound; it begins two hops before its own frame.
  lay(frame) {
    const { hop } = this.about;
    const { re, im, size } = this.inverse;
    const start = (frame - 2) * hop;
    const last = Math.min(size, this.tones.length - start);
    for (let i = Math.max(0, -start); i < last; i++) {
      this.tones[start + i] += re[i] * this.taper[i];
      this.noise[start + i] += im[i] * this.taper[i];
    }
  }
}

// Call `each(frame, now, next)` with the values of a head at each frame and the next.
function forEachFrame(head, column, frames, each) {
  for (let frame = 0; frame < frames; frame++) {
    const later = Math.min(frame + 1, frames - 1);
    each(frame, head.values[frame * head.wide + column], head.values[later * head.wide + column]);
  }
}

// Put the oscillators of a channel, driven into a tanh, into `out`, which is silent before.
export function fillSweeps(about, channel, heads, out) {
  const { frames, hop, count, pitch, sweepLimits, firstPitches } = about;
  const cyclesOf = (logit, i) => Math.exp(pitch.span * sigmoid(logit + firstPitches[i])) * pitch.lowest;
  const loudness = (level) => Math.exp(clip(level, sweepLimits));
  for (let i = 0; i < count; i++) {
    let before = 0;
    const levels = heads.sweep_levels;
    forEachFrame(heads.pitches, i, frames, (frame, now, next) => {
      const cycles = cyclesOf(now, i);
      const bend = cyclesOf(next, i) - cycles;
      const at = channel * count + i;
      const own = (place) => loudness(levels.values[Math.min(place, frames - 1) * levels.wide + at]);
      const risen = (place) => Math.max(own(place), own(place + 1));
      const loud = risen(frame);
      const growth = (risen(Math.min(frame + 1, frames - 1)) - loud) / hop;
      for (let n = 0; n < hop; n++) {
        const phase = before + n * (cycles + (bend * n) / (2 * hop));
        out[frame * hop + n] += (loud + growth * n) * sine(phase - Math.floor(phase));
      }
      before += (cycles + bend / 2) * hop;
      before -= Math.floor(before);
    });
  }
  for (let i = 0; i < out.length; i++) out[i] = tanh(out[i]);
}

// Add `audio` behind its gate to `out`.
export function addGated(about, head, audio, out) {
  const { frames, hop, openings, farthestLogit, closedLogit } = about;
  const limits = [-farthestLogit, farthestLogit];
  const ends = [-closedLogit, closedLogit];
  const between = hop / openings;
  const last = frames * openings - 1;
  const logit = (place) => {
    const frame = Math.floor(place / openings);
    return clip(head.values[frame * head.wide + (place % openings)], limits);
  };
  for (let place = 0; place <= last; place++) {
    const open = logit(place);
    const step = (logit(Math.min(place + 1, last)) - open) / between;
    for (let n = 0; n < between; n++) {
      const i = place * between + n;
      out[i] += audio[i] * sigmoid(clip(open + step * n, ends));
    }
  }
}
