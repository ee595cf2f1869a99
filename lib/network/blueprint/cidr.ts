/** A block of IPv4 addresses. */
export interface Ipv4Block {
  /** First address as a number. */
  readonly address: number;
  /** Length of the network part in bits. */
  readonly mask: number;
}

const PATTERN = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** Reads `10.0.0.0/16`; undefined if it is no IPv4 block or its host bits are set. */
export function parseBlock(text: string): Ipv4Block | undefined {
  const parts = PATTERN.exec(text)?.slice(1).map(Number);
  if (!parts || parts.slice(0, 4).some((byte) => byte > 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, mask = 0] = parts;
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return mask <= 32 && address % sizeOf(mask) === 0 ? { address, mask } : undefined;
}

/** `10.0.0.0/16`. */
export function renderBlock({ address, mask }: Ipv4Block): string {
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
  return `${bytes.join('.')}/${mask}`;
}

/** How many addresses a block with this mask holds. */
export function sizeOf(mask: number): number {
  return 2 ** (32 - mask);
}

/** True if the block lies in one of RFC 1918's private ranges, or in RFC 6598's shared one, which EKS uses for pods. */
export function isPrivate(block: Ipv4Block): boolean {
  return ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].some((range) => {
    const outer = parseBlock(range);
    return outer !== undefined && block.mask >= outer.mask && Math.floor(block.address / sizeOf(outer.mask)) * sizeOf(outer.mask) === outer.address;
  });
}
