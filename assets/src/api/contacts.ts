import { readJson, request } from './http'
import type { Contacts, NoticeTest } from './types'

/** Who is told of incidents, without secrets, and how delivery goes. */
export async function fetchContacts(): Promise<Contacts> {
  return readJson(await request('GET', 'api/contacts'))
}

/** Sends a test to a contact, or to all of them, and waits for the receivers. */
export async function postNoticeTest(contact?: string): Promise<NoticeTest[]> {
  return readJson(await request('POST', 'api/notices/test', contact === undefined ? {} : { contact }))
}
