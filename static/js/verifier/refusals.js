// Why a certificate does not hold, by type; the table is in docs/certificate.md.

/** A refusal names the item (`seal`, `head`, `shard 5 (receipts)`) and the place in it, or "". */
export class CertificateRefusal extends Error {
  constructor(item, place, words) {
    super(`${place ? `${item}, ${place}` : item}: ${words}.`);
    this.refusal = new.target.name;
    this.item = item;
    this.place = place;
  }
}

export class MalformedCertificate extends CertificateRefusal {}
export class TooLarge extends CertificateRefusal {}
export class CutShort extends CertificateRefusal {}
export class WrongHash extends CertificateRefusal {}
export class ClaimMismatch extends CertificateRefusal {}
export class Disordered extends CertificateRefusal {}
export class BrokenLink extends CertificateRefusal {}
export class UnusedWitness extends CertificateRefusal {}
export class SumMismatch extends CertificateRefusal {}
export class PowerMismatch extends CertificateRefusal {}
export class PartRefused extends CertificateRefusal {}

/** What RLP, tries, words and logs throw: they do not know in which shard they stand. */
export class BadPart extends Error {}

/** What `act` gives; a BadPart in it becomes a refusal of `Type` at this item and place. */
export function within(item, place, act, Type = PartRefused) {
  try {
    return act();
  } catch (error) {
    if (error instanceof BadPart) throw new Type(item, place, error.message);
    throw error;
  }
}
