// The libraries inside OpenSign (pdf-lib, signpdf with node-forge) and Documenso (their Rust signer): a template is filled in, gets a QR
// code and one signature (PAdES B-B: neither adds a time stamp by itself). Reads the job from standard input, answers with
// documents a CPU second of this process.
import { SignPdf } from "@signpdf/signpdf";
import { P12Signer } from "@signpdf/signer-p12";
import { pdflibAddPlaceholder } from "@signpdf/placeholder-pdf-lib";
import { SUBFILTER_ETSI_CADES_DETACHED, Signer } from "@signpdf/utils";
import documenso from "@documenso/pdf-sign";
import fontkit from "@pdf-lib/fontkit";
import { PDFDocument } from "pdf-lib";
import QRCode from "qrcode";
import { text } from "node:stream/consumers";

const job = JSON.parse(await text(process.stdin));
const [template, font, keys] = [job.template, job.font, job.p12].map((part) => Buffer.from(part, "base64"));
const WARM_UP = 3;

class DocumensoSigner extends Signer {
  async sign(content) {
    return documenso.signWithP12({ content, cert: keys, password: job.password });
  }
}

const signers = {
  "pdf-lib + signpdf (OpenSign), RSA-2048, B-B": () => new P12Signer(keys, { passphrase: job.password }),
  "pdf-lib + @documenso/pdf-sign (Rust), RSA-2048, B-B": () => new DocumensoSigner(),
};

async function filled(person) {
  const pdf = await PDFDocument.load(template);
  pdf.registerFontkit(fontkit);
  const face = await pdf.embedFont(font, { subset: true });
  const page = pdf.getPages()[0];
  person.lines.forEach((line, index) => page.drawText(line, { x: 180, y: 674 - 22 * index, size: 10, font: face }));
  const code = await QRCode.toBuffer(person.url, { errorCorrectionLevel: "M", margin: 2, scale: 4 });
  page.drawImage(await pdf.embedPng(code), { x: 62, y: 60, width: 85, height: 85 });
  page.drawText(`Ditandatangani secara elektronik oleh: ${person.lines[0]}`, { x: 180, y: 90, size: 8, font: face });
  const widgetRect = [330, 40, 533, 110];
  const who = { reason: "Pakta", contactInfo: "", name: person.lines[0], location: "Malang" };
  pdflibAddPlaceholder({ pdfDoc: pdf, ...who, signatureLength: 8192, subFilter: SUBFILTER_ETSI_CADES_DETACHED, widgetRect });
  return Buffer.from(await pdf.save({ useObjectStreams: false }));
}

const rates = {};
for (const [name, signer] of Object.entries(signers)) {
  const make = async (person) => new SignPdf().sign(await filled(person), signer());
  for (const person of job.people.slice(0, WARM_UP)) await make(person);
  const began = process.cpuUsage();
  for (const person of job.people) await make(person);
  const { user, system } = process.cpuUsage(began);
  rates[name] = Math.round((job.people.length / ((user + system) / 1e6)) * 10) / 10;
}
console.log(JSON.stringify(rates));
