import type { Customer } from '../api/types'
import { reasonText } from './statusReasons'

/** Where a customer is connected: the OLT or AON switch, its port, the splitter. */
export function lineText({ access_node: node, access_port: port, splitter }: Customer): string {
  const access = [node?.name, port].filter((part) => part != null).join(' ')
  const parts = [access, splitter?.name ?? ''].filter((part) => part !== '')
  return parts.join(', ') || 'not connected'
}

/** Why a customer has its status. */
export function reasonsText({ status_reasons: codes, signal }: Customer): string {
  const computed = codes.filter((code) => !code.startsWith('override'))
  return computed.map((code) => reasonText(code, signal)).join(' ')
}

/** The address that calls a telephone number (RFC 3966): digits only, without a trunk prefix in brackets. */
export function telephoneLink(phone: string): string {
  const plus = phone.trim().startsWith('+') ? '+' : ''
  return `tel:${plus}${phone.replace(/\(0\)/g, '').replace(/[^\d*#]/g, '')}`
}
