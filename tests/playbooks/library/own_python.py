#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule


def main():
    spec = {"way": {"default": "well"}, "number": {"type": "int"}, "secret": {"no_log": True}, "path": {"type": "path"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    way, secret = module.params["way"], module.params["secret"]
    if way == "failing":
        module.fail_json(msg="as was asked", number=module.params["number"])
    if way == "raising":
        raise ValueError("this was not foreseen")
    if way == "both":
        try:
            {}["nothing"]
        except KeyError as problem:
            module.fail_json(msg="it was caught", exception=problem)
    if way == "silent":
        raise SystemExit(5)
    if way == "warning":
        module.warn("something is odd")
        module.deprecate("the way 'warning'", version="99.0", collection_name="own.things")
    rc, out, err = module.run_command(["sh", "-c", "echo $SEEN"])
    module.exit_json(changed=True, number=module.params["number"], told=secret, check=module.check_mode, seen=out.strip(), uid=module.get_bin_path("id") is not None)


if __name__ == "__main__":
    main()
