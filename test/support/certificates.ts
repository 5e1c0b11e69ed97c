import './reflect.ts'
import { webcrypto } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** PEM files made for one test: an authority, a server on 127.0.0.1 and a client it signed, and a stranger's client. */
export interface Certificates extends AsyncDisposable {
  readonly ca: string
  readonly server: KeyPair
  readonly client: KeyPair
  readonly stranger: KeyPair
}

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function makeCertificates(): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto as never)
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-certificates-'))
  const [authority, other] = await Promise.all([makeAuthority('ours'), makeAuthority('theirs')])
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, authority.certificate.toString('pem'))
  const [server, client, stranger] = await Promise.all([
    sign(folder, 'server', authority),
    sign(folder, 'client', authority),
    sign(folder, 'stranger', other),
  ])
  return {
    ca,
    server,
    client,
    stranger,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Authority {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) }

async function makeAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  })
  return { certificate, keys }
}

async function sign(folder: string, name: string, { certificate, keys }: Authority): Promise<KeyPair> {
  const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const signed = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: certificate.subject,
    ...validity,
    signingAlgorithm: algorithm,
    publicKey: own.publicKey,
    signingKey: keys.privateKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  })
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey)
  await writeFile(files.cert, signed.toString('pem'))
  await writeFile(files.key, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'))
  return files
}
