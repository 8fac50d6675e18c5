// What is heard, as numbers: a pad with its shape, and the loop.

import { NEUTRAL, OFF, STEPS } from "./kit.js";
import { stepTime, velocityOf } from "./sequencer.js";
import { limiter, semitones, startVoice } from "./voice.js";

const channelsOf = (buffer) =>
  Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i));

const isNeutral = (shape) => Object.entries(NEUTRAL).every(([name, value]) => shape[name] === value);

// Return { channels, rate } of a pad: as the network made it, where its shape changes nothing.
export async function renderPad(sounds, pad) {
  const made = sounds.channels(pad.index, pad.latent);
  if (isNeutral(pad.shape)) return { channels: [...made], rate: sounds.about.rate };
  const buffer = sounds.buffer(pad.index, pad.latent);
  const length = Math.ceil(buffer.length / semitones(pad.shape.pitch));
  const context = new OfflineAudioContext(made.length, length, sounds.rate);
  startVoice(context, context.destination, buffer, pad.shape, 1, 0);
  return { channels: channelsOf(await context.startRendering()), rate: sounds.rate };
}

// Return { channels, rate } of the pattern once, so that it can be repeated without a gap: it is
// played twice, and the second time is kept, with what still sounds of the first.
export async function renderLoop(sounds, kit) {
  const { rate, about } = sounds;
  const frames = Math.round(stepTime(STEPS, kit.tempo, kit.swing) * rate);
  const context = new OfflineAudioContext(about.channels, 2 * frames, rate);
  const out = limiter(context);
  for (const pad of kit.pads) {
    let end = null;
    for (let step = 0; step < 2 * STEPS; step++) {
      const mark = pad.steps[step % STEPS];
      if (mark === OFF) continue;
      const bar = Math.floor(step / STEPS) * (frames / rate);
      const time = bar + stepTime(step % STEPS, kit.tempo, kit.swing);
      end?.(time);
      const buffer = sounds.buffer(pad.index, pad.latent);
      end = startVoice(context, out, buffer, pad.shape, velocityOf(mark), time);
    }
  }
  const whole = channelsOf(await context.startRendering());
  return { channels: whole.map((audio) => audio.subarray(frames)), rate };
}
