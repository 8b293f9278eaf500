"""How pretrained/lgm-nano.safetensors was made: `make train-nano`. The service imports nothing of this."""
