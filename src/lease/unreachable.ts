/** No endpoint of the lock's etcd has answered; the message says what each of them came to. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}
