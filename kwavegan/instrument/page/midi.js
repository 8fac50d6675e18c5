// Notes from MIDI devices. A label has the note that it has in a kit: a drum that of General MIDI.
// Every other note plays a pad too: the lowest is on C1 (36), the next ones above it, and again.

const FIRST = 36;
const NOTE_ON = 0x90;

export function padOfNote(note, notes, pads) {
  const own = notes.indexOf(note);
  return own >= 0 ? own : (((note - FIRST) % pads) + pads) % pads;
}

// Listen to every device, also to those that are connected later. `say` shows what happened.
export async function connectMidi(player, kit, say) {
  if (!navigator.requestMIDIAccess) return say("This browser has no MIDI; Chrome and Firefox have.");
  let access;
  try {
    access = await navigator.requestMIDIAccess();
  } catch {
    return say("The browser did not allow MIDI.");
  }
  const listen = () => {
    const names = [...access.inputs.values()].map((input) => {
      input.onmidimessage = (message) => hear(message.data, player, kit);
      return input.name;
    });
    say(names.length ? `MIDI: ${names.join(", ")}` : "No MIDI device is connected yet.");
  };
  access.onstatechange = listen;
  listen();
}

function hear([status, note, velocity], player, kit) {
  if ((status & 0xf0) !== NOTE_ON || velocity === 0) return;
  const index = padOfNote(note, kit.about.notes, kit.pads.length);
  kit.select(index);
  player.hit(index, (velocity / 127) ** 1.5);
}
