// Follows the frames that a server sends (RFC 6455 section 5.2), to know when nothing is half sent.

export class WebSocketBoundary {
  private header: number[] = [];
  private payloadLeft = 0;

  /** Whether the last byte seen was the last of a frame. */
  get between(): boolean {
    return this.payloadLeft === 0 && this.header.length === 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.payloadLeft > 0) {
        const taken = Math.min(this.payloadLeft, chunk.length - at);
        this.payloadLeft -= taken;
        at += taken;
        continue;
      }
      this.header.push(chunk[at++] ?? 0);
      this.readHeader();
    }
  }

  private readHeader(): void {
    if (this.header.length < 2) return;
    const second = this.header[1] ?? 0;
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = second & 0x80 ? 4 : 0;
    if (this.header.length < 2 + lengthBytes + maskBytes) return;
    this.payloadLeft =
      lengthBytes === 0 ? short : this.header.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    this.header = [];
  }
}
