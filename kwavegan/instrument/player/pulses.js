// A train of pulses whose pitch the latent has, as the bins that a voice's levels are multiplied by.
//
// See kwavegan.layers.LatentPulses for what the numbers mean.

import { Inverse, sine } from "./fourier.js";
import { along } from "./parts.js";

export class Pulses {
  // `table` has directions of the pitch in each frame, `cos` and `sin` the turn of each bin.
  constructor(about, table, cos, sin) {
    Object.assign(this, { about, table, cos, sin });
    this.transform = new Inverse(4 * about.hop);
    this.spectra = new Float32Array(about.frames * 2 * about.bins);
  }

  // Return the bins (frames, 2, bins) of level 1.
  bins(direction) {
    const { frames, hop, bins } = this.about;
    const { re, im, order, size } = this.transform;
    const train = this.train(direction);
    for (let frame = 0; frame < frames; frame++) {
      const start = (frame - 2) * hop;
      for (let i = 0; i < size; i++) {
        re[order[i]] = train[start + i] || 0;
        im[order[i]] = 0;
      }
      this.transform.run();
      for (let bin = 0; bin < bins; bin++) {
        // The inverse transform of real samples is the conjugate of their transform.
        const [real, imaginary] = [re[bin + 1], -im[bin + 1]];
        const at = frame * 2 * bins + bin;
        this.spectra[at] = real * this.cos[bin] - imaginary * this.sin[bin];
        this.spectra[at + bins] = real * this.sin[bin] + imaginary * this.cos[bin];
      }
    }
    return this.spectra;
  }

  train(direction) {
    const { frames, hop, voice } = this.about;
    const [lowest, highest] = voice.limits;
    const cycles = along(direction, this.table).map(
      (own) => voice.cycles * Math.exp(Math.min(highest, Math.max(lowest, own))),
    );
    const train = new Float32Array(frames * hop);
    let before = 0;
    for (let frame = 0; frame < frames; frame++) {
      const now = cycles[frame];
      const step = cycles[Math.min(frame + 1, frames - 1)] - now;
      for (let n = 0; n < hop; n++) {
        const turns = before + n * (now + (step * n) / (2 * hop));
        const sharpness = (now + (step * n) / hop) ** -2 * voice.sharpness;
        const half = turns / 2;
        const height = sine(half - Math.floor(half)) ** 2;
        train[frame * hop + n] =
          Math.exp(-2 * sharpness * height) * (4 * Math.PI * sharpness) ** 0.25;
      }
      before += (now + step / 2) * hop;
      before -= Math.floor(before);
    }
    return train;
  }
}
