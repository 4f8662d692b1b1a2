"use strict";

// What the file holds as deflated JSON in base 64: the index, and the papers by the chunk.

const MOST_UNPACKED = 8;

/** Turn deflated JSON in base 64 back into its value. */
async function unpack(base64) {
  const packed = new Blob([bytesOf(base64)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("deflate-raw"))).json();
}

/** Call `main` with the page's index, once all modules of the one script have been read. */
function startPage(main) {
  queueMicrotask(async () => {
    try {
      startTheme();
      const holder = byId("index");
      const index = await unpack(holder.textContent);
      holder.remove();
      main(index);
    } catch (error) {
      byId("trouble").hidden = false;
      throw error;
    }
  });
}

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Entries of the page's chunks, each unpacked when one of its entries is asked for. */
class Chunks {
  constructor(size) {
    this.size = size;
    this.unpacked = new Map();
  }

  async entry(place) {
    const chunk = Math.floor(place / this.size);
    if (!this.unpacked.has(chunk)) {
      const holder = await this.#holder(chunk);
      this.unpacked.set(chunk, await unpack(holder.textContent));
      if (this.unpacked.size > MOST_UNPACKED) this.unpacked.delete(this.unpacked.keys().next().value);
    }
    return this.unpacked.get(chunk)[place % this.size];
  }

  /** The element with a chunk: a large page is looked at before the browser has read its end. */
  async #holder(chunk) {
    while (!byId(`chunk-${chunk}`) && document.readyState === "loading") {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return byId(`chunk-${chunk}`);
  }
}
